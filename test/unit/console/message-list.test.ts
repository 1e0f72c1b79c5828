import { expect, test } from 'vitest';
import { messageList } from '../../../server/console/pages/message-list.ts';
import type { ActivityRow } from '../../../server/store/reading/activity.ts';

const failed = (id: string, excerpt?: string): ActivityRow => ({
  id,
  workspaceId: 'wsp_1',
  kind: 'message',
  channelId: 'chn_1',
  direction: 'out',
  status: 'failed',
  receivedAt: 1_000,
  at: 1_000,
  sourceId: id,
  ...(excerpt === undefined ? {} : { excerpt }),
});

test('a failed message can be chosen to be sent again, unless its content is erased, which is said', () => {
  const rows = [failed('evt_kept', 'It arrives tomorrow.'), failed('evt_erased')];
  const options = { now: 2_000, channelName: () => undefined, pick: 'message' };
  const list = messageList(rows, options).markup;
  expect(list.match(/type="checkbox"/g)).toHaveLength(1);
  expect(list).toContain('value="evt_kept"');
  expect(list).toContain('Its content is erased: it cannot be sent again.');
});
