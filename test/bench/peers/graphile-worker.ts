/**
 * graphile-worker with a task that does nothing: `node graphile-worker.ts URL JOBS QUEUES`. As it comes, with 64 jobs at
 * once, with a queue for each lane (in order) and without; then with its local queue, which takes jobs in advance and
 * reports them as done in batches, later.
 */
interface Utils {
  migrate(): Promise<void>;
  addJobs(jobs: { identifier: string; payload: object; queueName?: string }[]): Promise<unknown>;
  release(): Promise<void>;
}
interface Module {
  makeWorkerUtils(options: { connectionString: string }): Promise<Utils>;
  run(options: object): Promise<{ stop(): Promise<void> }>;
  Logger: new (factory: () => () => void) => object;
}

const [, , connectionString = '', count = '5000', queues = '512'] = process.argv;
const { makeWorkerUtils, run, Logger } = (await import('graphile-worker' as string)) as Module;
const utils = await makeWorkerUtils({ connectionString });
await utils.migrate();

const AT_ONCE = { concurrency: 64, maxPoolSize: 12, pollInterval: 50 };
const LOCAL = {
  preset: {
    worker: {
      ...{ connectionString, concurrentJobs: 64, maxPoolSize: 12, pollInterval: 50 },
      ...{ localQueue: { size: 200 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    },
  },
};

async function measure(inOrder: boolean, options: object, ofThese: number): Promise<number> {
  const all = Array.from({ length: ofThese }, (_, index) => ({
    ...{ identifier: 'nothing', payload: { index } },
    ...(inOrder ? { queueName: `queue ${index % Number(queues)}` } : {}),
  }));
  for (let first = 0; first < ofThese; first += 1_000) await utils.addJobs(all.slice(first, first + 1_000));
  let done = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const nothing = async () => {
    done += 1;
    if (done === ofThese) finish();
  };
  const began = performance.now();
  const taskList = { nothing };
  const logger = new Logger(() => () => undefined);
  const runner = await run({
    connectionString,
    noHandleSignals: true,
    ...AT_ONCE,
    ...options,
    taskList,
    logger,
  });
  await finished;
  const took = performance.now() - began;
  await runner.stop();
  return (ofThese * 1000) / took;
}

const jobs = Number(count);
// A fifth of them: each takes several statements of its own.
const graphile_in_order = await measure(true, {}, jobs / 5);
const graphile_unordered = await measure(false, {}, jobs / 5);
const graphile_in_order_local_queue = await measure(true, LOCAL, jobs);
console.log(JSON.stringify({ graphile_in_order, graphile_unordered, graphile_in_order_local_queue }));
await utils.release();
process.exit(0);
