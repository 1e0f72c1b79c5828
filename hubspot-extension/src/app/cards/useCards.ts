import type { CardMessage, CardView } from '@octopods/card-view';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type CrmRecord, type Problem, readCards } from './backend.ts';

export interface Cards {
  /** Undefined until the first answer. */
  cards?: CardView[];
  /** Of the last attempt; with `cards` still there it means that what they show may be old. */
  problem?: Problem;
  /** When `cards` were read, ms. */
  readAt: number;
  refreshing: boolean;
  refresh(): Promise<void>;
}

/** News is expected: look again soon. Otherwise calmly: twenty open records are one request every 1.5 s. */
const SOON_MS = 3_000;
const CALM_MS = 30_000;
/** Receipts mostly come within a minute, and who has just written is being answered. */
const FRESH_MS = 120_000;

const onItsWay = (message: CardMessage, now: number): boolean =>
  message.status === 'queued' || now - message.at < FRESH_MS;
const expectsNews = (cards: CardView[] | undefined, now: number): boolean =>
  cards?.some((card) => card.kind === 'conversation' && card.messages.some((one) => onItsWay(one, now))) ??
  false;

/** The cards of a record, read at once and then again while the card is open. */
export function useCards(backend: string, record: CrmRecord): Cards {
  const { objectId, objectTypeId } = record;
  const [state, setState] = useState<Pick<Cards, 'cards' | 'problem' | 'readAt'>>({ readAt: 0 });
  const [refreshing, setRefreshing] = useState(false);
  // An answer that was overtaken by a later question must not undo the later answer.
  const latest = useRef(0);

  const refresh = useCallback(async () => {
    latest.current += 1;
    const mine = latest.current;
    setRefreshing(true);
    const answer = await readCards(backend, { objectId, objectTypeId });
    if (mine !== latest.current) return;
    setRefreshing(false);
    setState((before) =>
      answer.ok ? { cards: answer.value, readAt: Date.now() } : { ...before, problem: answer.problem },
    );
  }, [backend, objectId, objectTypeId]);

  useEffect(() => {
    void refresh();
    return () => {
      latest.current += 1;
    };
  }, [refresh]);

  const soon = expectsNews(state.cards, state.readAt);
  useEffect(() => {
    if (refreshing) return;
    const timer = setTimeout(() => void refresh(), soon && !state.problem ? SOON_MS : CALM_MS);
    return () => clearTimeout(timer);
  }, [refresh, refreshing, soon, state.problem]);

  return { ...state, refreshing, refresh };
}
