/** The page's end of api.ts: the snapshot as it changes, and the actions. */
import { useEffect, useState } from 'react';
import type { ActionName, Actions, Problem, Snapshot } from './api.ts';

const API = '/playground/api';

export interface Live {
  snapshot?: Snapshot;
  /** The connection to the playground is gone; the browser keeps trying. */
  offline: boolean;
}

/** The newest snapshot, kept up to date by server-sent events. */
export function useSnapshot(): Live {
  const [live, setLive] = useState<Live>({ offline: false });
  useEffect(() => {
    const events = new EventSource(`${API}/events`);
    events.addEventListener('state', (event: MessageEvent<string>) => {
      const snapshot = JSON.parse(event.data) as Snapshot;
      setLive({ snapshot, offline: false });
    });
    events.addEventListener('error', () => setLive((before) => ({ ...before, offline: true })));
    return () => events.close();
  }, []);
  return live;
}

class ActionFailed extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
    this.problem = problem;
  }
}

/** Does what a person would do at a phone, in an inbox or at a switch. Throws `ActionFailed` in plain words. */
export async function act<Name extends ActionName>(
  action: Name,
  body: Actions[Name]['body'],
): Promise<Actions[Name]['answer']> {
  const response = await fetch(`${API}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  if (!response)
    throw new ActionFailed({ title: 'The playground does not answer', detail: 'Is it still running?' });
  const json = (await response.json().catch(() => ({}))) as Partial<Problem>;
  if (response.ok) return json as Actions[Name]['answer'];
  throw new ActionFailed({
    title: json.title ?? `Status ${response.status}`,
    ...(json.detail && { detail: json.detail }),
  });
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
