/** Kysely's way to SQLite in another thread: it compiles here, and what it has compiled is run there. */
import {
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type SqliteAdapter,
  SqliteDialect,
} from 'kysely';
import { BlindCompiler, Transactional } from '../database/sqlite-dialect.ts';
import type { Ask, AskThread, Executed } from './asks.ts';

export class FarDialect extends SqliteDialect {
  readonly #ask: AskThread;
  readonly #close: () => Promise<void>;
  constructor(ask: AskThread, close: () => Promise<void>) {
    super({ database: () => Promise.reject(new Error('the database is in another thread')) });
    this.#ask = ask;
    this.#close = close;
  }
  override createDriver(): Driver {
    return driver(this.#ask, this.#close);
  }
  override createAdapter(): SqliteAdapter {
    return new FarAdapter();
  }
  override createQueryCompiler(): BlindCompiler {
    return new BlindCompiler();
  }
}

/** Who has the one connection is settled over there: here nobody queues for it. */
class FarAdapter extends Transactional {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** While a transaction is open: which one it is over there. */
type FarConnection = DatabaseConnection & { hold?: number };

const driver = (ask: AskThread, close: () => Promise<void>): Driver => ({
  init: async () => undefined,
  acquireConnection: async () => connection(ask),
  beginTransaction: async (held: FarConnection) => {
    held.hold = await ask<number>({ to: 'hold' });
    await run(ask, held, 'begin immediate');
  },
  commitTransaction: (held: FarConnection) => run(ask, held, 'commit'),
  rollbackTransaction: (held: FarConnection) => run(ask, held, 'rollback'),
  releaseConnection: async ({ hold }: FarConnection) => {
    if (hold !== undefined) await ask({ to: 'release', hold });
  },
  destroy: close,
});

function connection(ask: AskThread): FarConnection {
  const own: FarConnection = {
    executeQuery: async <Row>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) => {
      const { rows, changed } = await ask<Executed<Row>>(asked(own, sql, parameters));
      return { rows, numAffectedRows: BigInt(changed) } satisfies QueryResult<Row>;
    },
    streamQuery: () => {
      throw new Error('rows are not streamed from another thread');
    },
  };
  return own;
}

const run = async (ask: AskThread, held: FarConnection, sql: string): Promise<void> => {
  await ask(asked(held, sql, []));
};
const asked = ({ hold }: FarConnection, sql: string, parameters: readonly unknown[]): Ask => ({
  to: 'query',
  sql,
  parameters,
  ...(hold === undefined ? {} : { hold }),
});
