import { type RefObject, useEffect, useRef } from 'react';

/** Keeps a list scrolled to its end when something is added, as chats do. `mark` changes when that happens. */
export function useStick<Element extends HTMLElement>(mark: unknown): RefObject<Element> {
  const list = useRef<Element>(null);
  // `mark` is what tells that something was added.
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const toEnd = () => {
      element.scrollTop = element.scrollHeight;
    };
    toEnd();
    // Pictures grow once they are loaded; `load` does not bubble, so it is caught on the way down.
    element.addEventListener('load', toEnd, true);
    return () => element.removeEventListener('load', toEnd, true);
  }, [mark]);
  return list;
}
