/** Files that phones and inboxes show, under URLs of this page's own origin. Bytes are told apart by their hash. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FileView } from '../page/api.ts';
import { Refused } from './http.ts';

const PATH = '/playground/files/';

export interface ShownFile {
  name: string;
  contentType: string;
  bytes: Uint8Array;
}

export class FileShelf {
  readonly #keys = new WeakMap<Uint8Array, string>();
  readonly #files = new Map<string, ShownFile>();

  /** The same bytes under the same name have the same URL: the page does not load them again. */
  view(file: ShownFile): FileView {
    const key = this.#keys.get(file.bytes) ?? hash(file.bytes);
    this.#keys.set(file.bytes, key);
    const url = `${PATH}${key}/${encodeURIComponent(file.name)}`;
    this.#files.set(url, file);
    return { name: file.name, contentType: file.contentType, url, size: file.bytes.length };
  }

  serve(path: string, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (!file) throw new Refused(404, 'There is no such file');
    response.writeHead(200, {
      'content-type': file.contentType,
      'content-length': file.bytes.length,
      'cache-control': 'private, max-age=31536000, immutable',
      // A customer's file is opened as what it is, and never as a page of this origin.
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'x-content-type-options': 'nosniff',
      ...(opensInPlace(file.contentType) ? {} : { 'content-disposition': 'attachment' }),
    });
    response.end(Buffer.from(file.bytes));
  }
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 24);
const opensInPlace = (type: string): boolean => /^(image|audio|video)\/|^application\/pdf\b/.test(type);
