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
    // A list that was hidden has no height until it is shown.
    const shown = new ResizeObserver(toEnd);
    shown.observe(element);
    return () => {
      element.removeEventListener('load', toEnd, true);
      shown.disconnect();
    };
  }, [mark]);
  return list;
}
