/** A call's arguments: query, JSON, form and multipart alike, each value a string or JSON, as Telegram reads them. */
import type { Request } from 'express';
import { formBody } from '../../kit.ts';
import { isMultipart, multipartBody, type UploadedFile } from '../../multipart.ts';
import { badRequest } from './state.ts';

export class Arguments {
  readonly #values: Record<string, unknown>;
  readonly files: Record<string, UploadedFile>;

  constructor(values: Record<string, unknown>, files: Record<string, UploadedFile>) {
    this.#values = values;
    this.files = files;
  }

  /** Empty where it is missing; objects as JSON text. */
  text(name: string): string {
    const value = this.#values[name];
    if (value === undefined || value === null) return '';
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  has(name: string): boolean {
    return this.text(name) !== '';
  }
  flag(name: string): boolean {
    return ['true', '1', 'yes'].includes(this.text(name).toLowerCase());
  }
  number(name: string): number {
    const value = this.text(name).trim();
    return value === '' ? Number.NaN : Number(value);
  }
  /** An object or array, also where it came as JSON text. */
  json(name: string, what = name): unknown {
    const value = this.#values[name];
    if (typeof value !== 'string') return value;
    if (value === '') return undefined;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      throw badRequest(`can't parse ${what} JSON object`);
    }
  }
}

export async function argumentsOf(request: Request): Promise<Arguments> {
  const query = Object.fromEntries(new URL(request.originalUrl, 'http://x').searchParams);
  const type = request.headers['content-type'] ?? '';
  if (isMultipart(request)) {
    const { fields, files } = await multipartBody(request);
    return new Arguments({ ...query, ...fields }, files);
  }
  if (type.startsWith('application/json')) return new Arguments({ ...query, ...jsonValues(request) }, {});
  return new Arguments({ ...query, ...Object.fromEntries(formBody(request)) }, {});
}

function jsonValues(request: Request): Record<string, unknown> {
  const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // falls through to Telegram's own words
  }
  throw badRequest("can't parse request as a JSON object");
}
