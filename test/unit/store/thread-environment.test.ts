import { once } from 'node:events';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { threadEnvironment } from '../../../server/store/database/thread-environment.ts';

/** What a thread that is started like ours finds, and whether reading this module there took Node's compiler. */
const LOOK = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { getCompileCacheDir } = require('node:module');
  import(workerData).then(() => parentPort.postMessage({
    names: Object.keys(process.env),
    compiled: getCompileCacheDir(),
    compiler: process.moduleLoadList.some((name) => name.includes('amaro')),
  }));`;
const FILE = new URL('../../../server/store/database/thread-environment.ts', import.meta.url).href;

async function look() {
  const thread = new Worker(LOOK, { eval: true, env: threadEnvironment(), workerData: FILE });
  const ended = once(thread, 'exit');
  const [found] = await once(thread, 'message');
  await ended;
  return found;
}

test('a thread knows where compiled modules are and nothing else of the environment, and compiles none twice', async () => {
  enableCompileCache();
  await look();
  expect(await look()).toEqual({
    names: ['NODE_COMPILE_CACHE'],
    compiled: getCompileCacheDir(),
    compiler: false,
  });
});
