/** Reads `multipart/form-data` and form bodies that `express.raw` kept as bytes. */
import busboy from 'busboy';
import type { Request } from 'express';

export interface UploadedFile {
  name: string;
  contentType: string;
  bytes: Buffer;
}
export interface Multipart {
  fields: Record<string, string>;
  /** By field name. */
  files: Record<string, UploadedFile>;
}

export const isMultipart = (request: Request): boolean =>
  (request.headers['content-type'] ?? '').startsWith('multipart/form-data');

/** Rejects when the body is not what its content type says. */
export function multipartBody(request: Request): Promise<Multipart> {
  return new Promise((resolve, reject) => {
    const found: Multipart = { fields: {}, files: {} };
    const parser = busboy({ headers: request.headers, defParamCharset: 'utf8' });
    parser.on('field', (name, value) => {
      found.fields[name] = value;
    });
    parser.on('file', (field, stream, info) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks);
        found.files[field] = { name: info.filename, contentType: info.mimeType, bytes };
      });
    });
    parser.on('close', () => resolve(found));
    parser.on('error', reject);
    parser.end(request.body as Buffer);
  });
}
