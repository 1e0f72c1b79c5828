import { afterEach, expect, test } from 'vitest';
import { createMediaJob } from '../../server/relay/media-job.ts';
import { openWorld, type World } from '../support/relay-world.ts';
import { until } from '../support/until.ts';

let world: World;
afterEach(() => world.close());

test('a file that two processes have fetched is kept: the slower one does not remove what the other stored', async () => {
  world = await openWorld();
  const answered = Promise.withResolvers<void>();
  let asked = 0;
  world.pager.adapter.media = async () => {
    asked += 1;
    if (asked === 1) await answered.promise;
    const body = (async function* () {
      yield Buffer.from('picture');
    })();
    return { contentType: 'image/png', body };
  };
  await world.customerWrites('', { parts: [{ kind: 'file', file: { kind: 'image', ref: 'x' } }] });
  const row = () => world.db.selectFrom('media').selectAll().executeTakeFirstOrThrow();
  const slow = createMediaJob(world.deps);
  slow.start();
  await until('the slow one has begun', () => asked === 1);
  world.io.clock.advance(60_001);
  const quick = createMediaJob(world.deps);
  quick.start();
  await until('the quick one has stored it', async () => (await row()).state === 'stored');
  answered.resolve();
  await Promise.all([slow.stop(), quick.stop()]);
  expect(asked).toBe(2);
  const { id, workspace_id } = await row();
  const { key } = await world.connections.seal(workspace_id);
  const chunks: Uint8Array[] = [];
  for await (const chunk of world.deps.media.files.read(id, key)) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('picture');
});
