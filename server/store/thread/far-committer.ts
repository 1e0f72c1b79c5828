/** The committer, seen from the event loop: pieces of work go over by their handler's name. */
import type { Committer, Handler } from '../database/committer.ts';
import type { AskThread } from './asks.ts';
import { HANDLERS } from './handlers.ts';
import { pack } from './seals.ts';

export function farCommitter(ask: AskThread): Committer {
  const names = new Map<unknown, string>(Object.entries(HANDLERS).map(([name, handler]) => [handler, name]));
  let waiting = 0;
  return {
    run: async <Item, Result>(handler: Handler<Item, Result>, item: Item) => {
      const name = names.get(handler);
      if (name === undefined) throw new Error('a piece of work without a name: see handlers.ts');
      waiting += 1;
      try {
        return await ask<Result>({ to: 'run', handler: name, item: pack(item as object) });
      } finally {
        waiting -= 1;
      }
    },
    waiting: () => waiting,
  };
}
