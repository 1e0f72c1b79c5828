import type { Operation, Schema } from './operation.ts';

/** The Bot API's page as data: https://core.telegram.org/bots/api */
export interface BotApi {
  methods: Record<string, { name: string; fields?: Field[] }>;
  types: Record<string, { name: string; fields?: Field[]; subtypes?: string[] }>;
}
interface Field {
  name: string;
  types: string[];
  required: boolean;
  description: string;
}

const JSON_TYPE = 'application/json';
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data'];

/** Every method, by GET and POST, with its fields as JSON, as a form or as multipart. */
export function botOperations(api: BotApi): Operation[] {
  const resolve = (ref: string): Schema => typeOf(api, ref);
  return Object.values(api.methods).flatMap((method) =>
    ['GET', 'POST'].map((verb) => {
      const body = objectOf(method.fields ?? []);
      return {
        api: 'telegram',
        method: verb,
        template: `/bot{token}/${method.name}`,
        id: method.name,
        parameters: [
          {
            name: 'token',
            in: 'path',
            required: true,
            explode: false,
            schema: { pattern: '^\\d+:[\\w-]+$' },
          },
        ],
        bodies: Object.fromEntries([JSON_TYPE, ...FORM_TYPES].map((type) => [type, body])),
        bodyRequired: (method.fields ?? []).some((field) => field.required),
        authorised: false,
        resolve,
      } satisfies Operation;
    }),
  );
}

function objectOf(fields: Field[]): Schema {
  return {
    type: 'object',
    // A method without fields takes none: `properties` alone would not say so.
    additionalProperties: false,
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldOf(field)])),
    required: fields.filter((field) => field.required).map((field) => field.name),
  };
}

function fieldOf(field: Field): Schema {
  const types = field.types.map((type) => named(type));
  const schema = types.length === 1 && types[0] ? types[0] : { anyOf: types };
  return { ...schema, ...fromProse(field) };
}

const PLAIN: Record<string, Schema> = {
  Integer: { type: 'integer' },
  Float: { type: 'number' },
  String: { type: 'string' },
  Boolean: { type: 'boolean' },
  True: { const: true },
  // In JSON a file is a name for one; in multipart the file itself stands there (see content.ts).
  InputFile: { type: 'string' },
};

function named(type: string): Schema {
  const list = /^Array of (.+)$/.exec(type);
  if (list?.[1]) return { type: 'array', items: named(list[1]) };
  return PLAIN[type] ?? { $ref: type };
}

function typeOf(api: BotApi, name: string): Schema {
  const type = api.types[name];
  if (!type) throw new Error(`The Bot API has no type ${name}`);
  if (type.subtypes) return { anyOf: type.subtypes.map((one) => ({ $ref: one })) };
  return objectOf(type.fields ?? []);
}

/** Values that the page lists only in words. */
const ENUMS: Record<string, string[]> = {
  parse_mode: ['HTML', 'Markdown', 'MarkdownV2'],
  quote_parse_mode: ['HTML', 'Markdown', 'MarkdownV2'],
};

/** Limits that stand in the field's description: "must be photo", "0-1024 characters". */
function fromProse({ name, types, description }: Field): Schema {
  if (!types.includes('String') || types.length > 1) return {};
  const fixed = /must be (?:always )?“?([a-z_]+)”?$/.exec(description)?.[1];
  if (fixed) return { const: fixed };
  if (ENUMS[name]) return { enum: ENUMS[name] };
  const length = /(\d+)-(\d+) characters/.exec(description);
  if (!length) return {};
  // "After entities parsing": the marks do not count, so only the minimum can be checked here.
  const max = /after entities parsing/.test(description) ? {} : { maxLength: Number(length[2]) };
  return { minLength: Number(length[1]), ...max };
}
