/** The thread that the database lives in: see open-beside.ts. */
import { flushCompileCache } from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Committer, createCommitter, type Handler } from '../database/committer.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { checkpointsOf } from '../database/prepared.ts';
import { query } from '../database/statement.ts';
import { type Answered, type Ask, type Asked, tell } from './asks.ts';
import { HANDLERS } from './handlers.ts';
import { unpacker } from './seals.ts';

const port = parentPort as MessagePort;

try {
  work(await openDatabase(workerData as string));
  port.postMessage([{ id: 0, result: undefined }] satisfies Answered[]);
  // Now, or a server that is killed would leave nothing for the next start.
  flushCompileCache();
} catch (error) {
  port.postMessage([{ id: 0, error: tell(error) }] satisfies Answered[]);
}

function work(db: Database): void {
  const answer = answering();
  const does = doing(db);
  port.on('message', (asked: Asked[]) => {
    for (const ask of asked)
      does(ask).then(
        (result) => {
          answer({ id: ask.id, result });
          // Behind the answer.
          if (ask.to === 'close') setImmediate(() => port.close());
        },
        (error: unknown) => answer({ id: ask.id, error: tell(error) }),
      );
  });
}

/** What was answered in one turn crosses as one message. */
function answering(): (answer: Answered) => void {
  let answers: Answered[] = [];
  const send = () => {
    port.postMessage(answers);
    answers = [];
  };
  return (answer) => {
    if (answers.push(answer) === 1) setImmediate(send);
  };
}

type Run = (item: object) => Promise<unknown>;

function doing(db: Database): (ask: Ask) => Promise<unknown> {
  const runs = running(createCommitter(db));
  const holds = holding(db);
  return async (ask) => {
    switch (ask.to) {
      case 'run':
        return (runs[ask.handler] as Run)(ask.item as object);
      case 'query':
        return ask.hold === undefined ? query(db, ask.sql, ask.parameters) : holds.query(ask.hold, ask);
      case 'hold':
        return holds.hold();
      case 'release':
        return holds.release(ask.hold);
      case 'close':
        await checkpointsOf(db)?.stop();
        return db.destroy();
    }
  };
}

function running(committer: Committer): Record<string, Run> {
  const unpack = unpacker();
  return Object.fromEntries(
    Object.entries(HANDLERS).map(([name, handler]) => [
      name,
      (item: object) => committer.run(handler as Handler<unknown, unknown>, unpack(item)),
    ]),
  );
}

/** The one connection, held for those who have begun a transaction on it from over there. */
function holding(db: Database) {
  const held = new Map<number, { connection: Database; release(): void }>();
  let last = 0;
  return {
    hold: () =>
      new Promise<number>((resolve, reject) => {
        const holds = (connection: Database) =>
          new Promise<void>((release) => {
            last += 1;
            held.set(last, { connection, release });
            resolve(last);
          });
        db.connection().execute(holds).catch(reject);
      }),
    query: (hold: number, { sql, parameters }: { sql: string; parameters: readonly unknown[] }) => {
      const { connection } = held.get(hold) as { connection: Database };
      return query(connection, sql, parameters);
    },
    release: (hold: number) => {
      held.get(hold)?.release();
      held.delete(hold);
    },
  };
}
