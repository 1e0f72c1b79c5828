import type { ApiMessage, MessageReader } from '../../server/http/api/messages.ts';

const AT = Date.UTC(2026, 10, 2, 10);
const message = (id: string, more: Partial<ApiMessage> = {}): ApiMessage => ({
  id,
  channel_id: 'chn_a',
  direction: 'out',
  status: 'failed',
  reason: 'The window is closed. Send a template.',
  created_at: AT,
  history: [
    { status: 'queued', at: AT },
    { status: 'failed', at: AT + 1_000, reason: 'The window is closed. Send a template.' },
  ],
  ...more,
});

export interface TwoMessages extends MessageReader {
  asked: Parameters<MessageReader['list']>[0][];
  /** Workspaces that have them. */
  ownedBy: string[];
}

/** A ledger of one failed and one read message; remembers what it was asked. */
export function twoMessages(): TwoMessages {
  const messages = new Map([
    ['evt_failed', message('evt_failed')],
    ['evt_read', message('evt_read', { status: 'read', direction: 'out' })],
  ]);
  const self: TwoMessages = {
    asked: [],
    ownedBy: [],
    list: async (query) => {
      self.asked.push(query);
      return { data: [...messages.values()], next: 'evt_read' };
    },
    get: async (workspaceIds, id) => (mine(workspaceIds) ? messages.get(id) : undefined),
    retry: async (workspaceIds, id) => {
      const found = mine(workspaceIds) ? messages.get(id) : undefined;
      if (!found) return 'not_found';
      return found.status === 'failed' ? 'queued' : 'not_failed';
    },
    replay: async ({ workspaceIds }) => ({ queued: mine(workspaceIds) ? 1 : 0, erased: 0, next: null }),
  };
  const mine = (workspaceIds: string[]) => workspaceIds.some((id) => self.ownedBy.includes(id));
  return self;
}
