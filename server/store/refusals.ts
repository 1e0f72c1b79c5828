/** What the store refuses, as errors, and its limits: the only values of this folder that others import. */

/** The bot, number, page, Intercom workspace or portal is connected already. */
export class AlreadyLinked extends Error {
  override name = 'AlreadyLinked';
}

/** Larger than this, a file is not kept. */
export const MAX_MEDIA_BYTES = 25 * 1024 * 1024;

/** A file grew past `MAX_MEDIA_BYTES` while it was written. */
export class MediaTooLarge extends Error {
  override name = 'MediaTooLarge';
}
