/** A workspace's seal is made of functions, which cannot cross: its key does, and the seal is made anew over there. */
import { createSeal, type Seal } from '../sealing/seal.ts';

const keys = new WeakMap<Seal, string>();

/** Of an item: with the key for the seal. */
export function pack(item: object): object {
  if (!('seal' in item)) return item;
  const seal = item.seal as Seal;
  const known = keys.get(seal) ?? seal.key.export().toString('base64');
  keys.set(seal, known);
  return { ...item, seal: known };
}

/** ms. A workspace that was archived has destroyed its key: it is not kept here for much longer. */
const KEPT_MS = 600_000;

/** The other way round: the item as it was. */
export function unpacker(): (item: object) => object {
  const seals = new Map<string, Seal>();
  setInterval(() => seals.clear(), KEPT_MS).unref();
  const sealOf = (key: string): Seal => {
    const known = seals.get(key);
    if (known) return known;
    const made = createSeal(Buffer.from(key, 'base64'));
    seals.set(key, made);
    return made;
  };
  return (item) => ('seal' in item ? { ...item, seal: sealOf(item.seal as string) } : item);
}
