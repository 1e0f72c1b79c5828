/** What the event loop asks the database's thread, and what it hears. Everything here is copied from one to the other. */
import type { Executed } from '../database/far.ts';

export type Ask =
  /** A piece of work, by its handler's name. */
  | { to: 'run'; handler: string; item: unknown }
  /** One statement; `hold`: inside the transaction that was begun there. */
  | { to: 'query'; sql: string; parameters: readonly unknown[]; hold?: number }
  /** The connection, for a transaction: nobody else writes before it is released. Answers its number. */
  | { to: 'hold' }
  | { to: 'release'; hold: number }
  | { to: 'close' };

/** Several go together: what one turn of an event loop brought. */
export type Asked = Ask & { id: number };
export type Answered = { id: number } & ({ result: unknown } | { error: Told });
export type { Executed };
export type AskThread = <Result>(ask: Ask) => Promise<Result>;

/** An error crosses with what is asked of it here: a plain copy would lose its code. */
export interface Told {
  name: string;
  message: string;
  stack?: string | undefined;
  code?: unknown;
}

export function tell(error: unknown): Told {
  const { name, message, stack, code } = error as Error & { code?: unknown };
  return error instanceof Error ? { name, message, stack, code } : { name: 'Error', message: String(error) };
}

export function asError({ name, message, stack, code }: Told): Error {
  const error = Object.assign(new Error(message), { name });
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
