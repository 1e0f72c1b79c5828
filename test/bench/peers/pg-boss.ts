/**
 * pg-boss as fast as it goes: `node pg-boss.ts URL JOBS KEYS`. Two loops fetch and complete 64 jobs at a time, which is
 * as much under way as Octopods has; then the same with its policy that keeps the order within each key.
 */
interface Job {
  id: string;
}
interface Boss {
  start(): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
  createQueue(name: string, options: { policy: string }): Promise<void>;
  insert(name: string, jobs: { data: object; singletonKey?: string }[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<Job[]>;
  complete(name: string, ids: string[]): Promise<unknown>;
}
interface Module {
  PgBoss: new (options: {
    connectionString: string;
    max: number;
    supervise: boolean;
    schedule: boolean;
  }) => Boss;
}

const [, , connectionString = '', count = '5000', keys = '512'] = process.argv;
const jobs = Number(count);
const { PgBoss } = (await import('pg-boss' as string)) as Module;
const boss = new PgBoss({ connectionString, max: 10, supervise: false, schedule: false });
boss.on('error', (error) => console.error(error));
await boss.start();

async function measure(policy: string, keyed: boolean, ofThese: number): Promise<number> {
  await boss.createQueue(policy, { policy });
  const all = Array.from({ length: ofThese }, (_, index) => ({
    data: { index },
    ...(keyed ? { singletonKey: `key ${index % Number(keys)}` } : {}),
  }));
  for (let first = 0; first < ofThese; first += 1_000)
    await boss.insert(policy, all.slice(first, first + 1_000));
  let done = 0;
  const loop = async () => {
    while (done < ofThese) {
      const got = await boss.fetch(policy, { batchSize: 64 });
      if (got.length > 0)
        await boss.complete(
          policy,
          got.map((job) => job.id),
        );
      done += got.length;
    }
  };
  const began = performance.now();
  await Promise.all([loop(), loop()]);
  return (ofThese * 1000) / (performance.now() - began);
}

const pg_boss = await measure('standard', false, jobs);
// Every fetch sorts all that waits.
const pg_boss_in_order = await measure('key_strict_fifo', true, jobs);
console.log(JSON.stringify({ pg_boss_in_order, pg_boss_unordered: pg_boss }));
await boss.stop({ graceful: false });
process.exit(0);
