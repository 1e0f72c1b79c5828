import type { Call } from '../../playground/kit.ts';

type Json = Record<string, unknown>;
export const TOKEN = 'secret-token-of-the-test';

/** A call as an emulator records it; JSON unless a form is given. */
export function call(
  api: string,
  method: string,
  path: string,
  more: { json?: unknown; form?: Json; headers?: Json } = {},
): Call {
  const form = more.form && new URLSearchParams(more.form as Record<string, string>);
  const type = form
    ? 'application/x-www-form-urlencoded'
    : more.json === undefined
      ? undefined
      : 'application/json';
  return {
    api,
    method,
    path,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(type ? { 'content-type': type } : {}),
      ...(more.headers as Record<string, string>),
    },
    body: form ? form.toString() : more.json === undefined ? '' : JSON.stringify(more.json),
    status: 200,
    at: 0,
  };
}

/** A multipart POST, as bytes. */
export async function multipart(
  api: string,
  path: string,
  fields: Record<string, string | Blob>,
): Promise<Call> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const request = new Request('http://api', { method: 'POST', body: form });
  const bytes = Buffer.from(await request.arrayBuffer());
  const headers = { 'content-type': request.headers.get('content-type') };
  return { ...call(api, 'POST', path, { headers }), bodyBase64: bytes.toString('base64') };
}
