/** Waiting for what will be so, instead of sleeping and hoping. */

const EVERY_MS = 20;

/**
 * Asks again and again until the answer is neither false nor undefined, and answers it. Throws, with the last answer
 * or error, when that takes longer than `withinMs`.
 */
export async function until<Value>(
  what: string,
  ask: () => Value | undefined | false | Promise<Value | undefined | false>,
  withinMs = 20_000,
): Promise<Value> {
  const end = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      last = await ask();
    } catch (error) {
      last = error;
    }
    if (last !== undefined && last !== false && !(last instanceof Error)) return last as Value;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  throw new Error(`${what}: not so within ${withinMs} ms (the last answer: ${String(last)})`);
}

/**
 * For claims that something does not happen: resolves when `ask` has been false or undefined for `forMs`; throws as
 * soon as it is not.
 */
export async function never(what: string, ask: () => unknown, forMs: number): Promise<void> {
  const end = Date.now() + forMs;
  while (Date.now() < end) {
    const seen = await ask();
    if (seen !== undefined && seen !== false)
      throw new Error(`${what}: it happened (${JSON.stringify(seen)})`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
