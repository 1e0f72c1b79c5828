/** Tolerant readers for what Intercom sends: a property of the wrong shape reads as absent. */

export type Json = Record<string, unknown>;

export const record = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** The objects of a list; whatever else stands in it is left out. */
export const records = (value: unknown): Json[] =>
  Array.isArray(value) ? value.map(record).filter((item) => item !== undefined) : [];

/** A non-empty text; numbers become text, because ids come as either. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Unix seconds as milliseconds; 0 when there is no such time. */
export const milliseconds = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value * 1000 : 0;
