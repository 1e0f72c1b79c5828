import type { Call } from '../../../playground/kit.ts';
import type { Schema } from './operation.ts';

export type Content =
  | { kind: 'none' }
  | { kind: 'unreadable'; why: string }
  /** `typed`: numbers and booleans are what they are (JSON); otherwise everything came as text. */
  | { kind: 'value'; type: string; value: unknown; typed: boolean };

/** What stands for a file of a multipart body. */
const FILE = 'a file';

/** The body of a recorded call. Fields of a form become a list where the schema (or a repetition) says so. */
export async function contentOf(
  call: Call,
  schemaFor: (type: string) => Schema | undefined,
): Promise<Content> {
  const header = call.headers['content-type'] ?? '';
  const type = header.split(';')[0]?.trim().toLowerCase() ?? '';
  const bytes = call.bodyBase64 ? Buffer.from(call.bodyBase64, 'base64') : Buffer.from(call.body, 'utf8');
  if (bytes.length === 0) return { kind: 'none' };
  try {
    if (type === 'multipart/form-data') {
      const form = await new Response(new Uint8Array(bytes), {
        headers: { 'content-type': header },
      }).formData();
      return { kind: 'value', type, value: fieldsOf(form, schemaFor(type)), typed: false };
    }
    if (type === 'application/x-www-form-urlencoded') {
      const form = new URLSearchParams(bytes.toString('utf8'));
      return { kind: 'value', type, value: fieldsOf(form, schemaFor(type)), typed: false };
    }
    if (/^application\/([\w.+-]+\+)?json$/.test(type))
      return { kind: 'value', type, value: JSON.parse(bytes.toString('utf8')), typed: true };
  } catch (error) {
    return { kind: 'unreadable', why: `is no ${type}: ${error instanceof Error ? error.name : 'unknown'}` };
  }
  return { kind: 'unreadable', why: `has the type ${type || '(none)'}` };
}

function fieldsOf(form: FormData | URLSearchParams, schema: Schema | undefined): Record<string, unknown> {
  const properties = (schema?.properties ?? {}) as Record<string, Schema>;
  const attached = new Set(attachedNames(form));
  const fields: Record<string, unknown> = {};
  for (const name of new Set(form.keys())) {
    // Telegram: a file that a field names with `attach://` travels beside the fields.
    if (attached.has(name) && !(name in properties)) continue;
    const values = form.getAll(name).map((value) => (typeof value === 'string' ? value : FILE));
    const list = properties[name]?.type === 'array' || values.length > 1;
    fields[name] = embedded(properties[name], list ? values : values[0]);
  }
  return fields;
}

function attachedNames(form: FormData | URLSearchParams): string[] {
  const texts = [...form.values()].filter((value) => typeof value === 'string');
  return texts.flatMap((text) => [...text.matchAll(/attach:\/\/([^"\s]+)/g)].map((found) => found[1] ?? ''));
}

/** A field that holds an object or a list of objects carries it as JSON. */
function embedded(schema: Schema | undefined, value: unknown): unknown {
  const alternatives = (schema?.anyOf as Schema[] | undefined) ?? (schema ? [schema] : []);
  const json = alternatives.length > 0 && alternatives.every(isStructured);
  const text = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (!json || typeof text !== 'string' || !/^[[{]/.test(text)) return value;
  return JSON.parse(text);
}

const isStructured = (schema: Schema): boolean =>
  typeof schema.$ref === 'string' || schema.type === 'object' || schema.type === 'array';
