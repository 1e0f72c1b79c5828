import { type KeyboardEvent, type ReactNode, useRef } from 'react';

export interface Tab<Id extends string> {
  id: Id;
  label: ReactNode;
  /** Something new that one would not see without looking. */
  badge?: number;
}

interface Props<Id extends string> {
  /** What the tabs choose, for screen readers; also the prefix of the tabs' test ids. */
  name: string;
  tabs: Tab<Id>[];
  selected: Id;
  onSelect(id: NoInfer<Id>): void;
  className?: string;
}

/** Tabs after the ARIA pattern: arrows move, one stop for the Tab key. */
export function Tabs<Id extends string>({ name, tabs, selected, onSelect, className = '' }: Props<Id>) {
  const list = useRef<HTMLDivElement>(null);
  const moved = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === selected);
    const next = (at + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (tab) onSelect(tab.id);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div ref={list} className={`tabs ${className}`} role="tablist" aria-label={name} onKeyDown={moved}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          aria-selected={tab.id === selected}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => onSelect(tab.id)}
          data-testid={`${name.toLowerCase().replaceAll(' ', '-')}-${tab.id}`}
        >
          {tab.label}
          {tab.badge ? (
            <span className="badge" title={`${tab.badge} new`}>
              {tab.badge}
            </span>
          ) : null}
        </button>
      ))}
    </div>
  );
}
