/**
 * The retention job: content and files go `contentMs` after a message's last outcome, the ledger's rows after
 * `ledgerMs`. In every process, but only one at a time; in short steps with pauses, so that nobody notices.
 */
import type { RetentionStore } from '../store/erasure/retention.ts';
import type { RelayDeps } from './deps.ts';

export interface Retention {
  /** ms; 0: as soon as a message has its outcome. */
  contentMs: number;
  ledgerMs: number;
}
export interface RetentionDeps extends Pick<RelayDeps, 'ledger' | 'io'> {
  retention: RetentionStore;
  files: RelayDeps['media']['files'];
  keep: Retention;
}

const MINUTE_MS = 60_000;
/** Between two steps, so that webhooks get their turn. */
const BREATH_MS = 25;
/** A round goes on in the next minute after this, ms; another process may begin one when this one was killed in it. */
const ROUND_MS = 5 * MINUTE_MS;
const ALONE_MS = 2 * ROUND_MS;
/** Rows are kept for more than a year: once an hour is often enough. */
const PURGE_EVERY_MS = 60 * MINUTE_MS;
/** The other side may still be fetching a file by its link when it has taken the message. */
const FILES_AT_LEAST_MS = 24 * 60 * MINUTE_MS;

export interface RetentionJob {
  start(): void;
  stop(): Promise<void>;
}

export function createRetentionJob(deps: RetentionDeps): RetentionJob {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const pause = (ms: number) => rest(ms, stopping.signal);
  const loop = async () => {
    const last: Last = { purge: 0 };
    while (!stopping.signal.aborted) {
      await round(deps, last, pause, stopping.signal);
      await pause(MINUTE_MS);
    }
  };
  return {
    start: () => {
      running = loop();
    },
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

function rest(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopping.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      stopping.removeEventListener('abort', done);
      resolve();
    }
    stopping.addEventListener('abort', done);
  });
}

async function round(
  deps: RetentionDeps,
  last: Last,
  pause: (ms: number) => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  const { now } = deps.io.clock;
  const began = now();
  const purging = began - last.purge >= PURGE_EVERY_MS;
  const mayGoOn = async (): Promise<boolean> => {
    await pause(BREATH_MS);
    return !stopping.aborted && now() - began < ROUND_MS;
  };
  try {
    const done = await deps.ledger.alone('retention', ALONE_MS, () => keepOnce(deps, { purging, mayGoOn }));
    if (done === 'busy' || !purging) return;
    last.purge = began;
    // Whoever was erased by a person while somebody read: its receipt was given, this is what it counts on.
    await deps.retention.scrub();
  } catch (error) {
    deps.io.log.warn({ error: String(error) }, 'erasing what is old was interrupted; the next round goes on');
  }
}

/** Of this process: when it last purged. */
interface Last {
  purge: number;
}

export interface Round {
  purging: boolean;
  /** Asked between two steps. */
  mayGoOn(): Promise<boolean>;
}

/** Everything that is over by now; answers how many messages lost their content or their row. */
export async function keepOnce(deps: RetentionDeps, { purging, mayGoOn }: Round): Promise<number> {
  const { retention, keep, io } = deps;
  const now = io.clock.now();
  const content = await steps(mayGoOn, (after) => retention.eraseContent(now - keep.contentMs, after));
  const filesBefore = now - Math.max(keep.contentMs, FILES_AT_LEAST_MS);
  await steps(mayGoOn, async (after) => {
    const step = await retention.eraseFiles(filesBefore, after);
    await remove(deps, step.files);
    return step;
  });
  for (let ids = await retention.erasedFiles(); ids.length > 0; ids = await retention.erasedFiles()) {
    await remove(deps, ids);
    if (!(await mayGoOn())) break;
  }
  return content + (purging ? await purge(deps, now - keep.ledgerMs, mayGoOn) : 0);
}

async function steps(
  mayGoOn: () => Promise<boolean>,
  step: (after: string) => Promise<{ erased: number; next: string | undefined }>,
): Promise<number> {
  let erased = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const done = await step(after);
    erased += done.erased;
    after = done.next !== undefined && (await mayGoOn()) ? done.next : undefined;
  }
  return erased;
}

/** Files first, then their rows: what a crash leaves in between is found again. */
async function remove({ retention, files }: RetentionDeps, ids: string[]): Promise<void> {
  for (const id of ids) await files.remove(id);
  await retention.filesRemoved(ids);
}

async function purge(
  { retention }: RetentionDeps,
  before: number,
  mayGoOn: () => Promise<boolean>,
): Promise<number> {
  let purged = 0;
  for (const id of await retention.workspaceIds())
    purged += await steps(mayGoOn, (after) => retention.purge(id, before, after));
  return purged;
}
