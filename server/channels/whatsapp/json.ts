/**
 * Tolerant readers for JSON from Meta: a property of the wrong shape reads as absent, so that one odd item never
 * throws away the others of its batch.
 */

export type Json = Record<string, unknown>;

export const record = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** The objects of a list; whatever else stands in it is left out. */
export const records = (value: unknown): Json[] =>
  Array.isArray(value) ? value.map(record).filter((item) => item !== undefined) : [];

/** A non-empty text; numbers become text, because Meta's ids come as either. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A finite number, also where it comes as text (Meta's coordinates do both). */
export function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined;
}

/** An entry of a table by a word that came from outside: `constructor` is none. */
export const entry = <Entry>(table: Record<string, Entry>, key: string | undefined): Entry | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
