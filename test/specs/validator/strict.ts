import type { Schema } from './operation.ts';

/**
 * Turns a schema of an API description into one that also refuses what the description does not name: an object whose
 * properties are listed takes no others, unless the description allows them. Descriptions mostly leave that open, and so
 * a misspelt optional field would pass for ever.
 */
export function strict(schema: Schema, resolve: (ref: string) => Schema): Schema {
  const definitions: Record<string, Schema> = {};

  /** `closed`: the whole of a value. `part`: one of several schemas that describe a value together. */
  type Role = 'closed' | 'part';

  const refer = (ref: string, role: Role): Schema => {
    const name = `${role}:${ref.replace(/[^\w.-]+/g, '_')}`;
    if (!(name in definitions)) {
      definitions[name] = {};
      definitions[name] = convert(resolve(ref), role);
    }
    return { $ref: `#/$defs/${name}` };
  };

  const convert = (given: Schema, role: Role): Schema => {
    if (typeof given.$ref === 'string') return orNull(refer(given.$ref, role), given);
    const result: Schema = {};
    for (const keyword of KEPT) if (given[keyword] !== undefined) result[keyword] = given[keyword];
    exclusiveLimits(given, result);
    if (given.properties)
      result.properties = mapValues(given.properties as Schemas, (one) => convert(one, 'closed'));
    if (isSchema(given.items)) result.items = convert(given.items, 'closed');
    const others = given.additionalProperties;
    if (isSchema(others)) result.additionalProperties = convert(others, 'closed');
    else if (others === true || (others === false && role === 'closed' && !isComposed(given)))
      result.additionalProperties = others;
    compose(given, result, role);
    if (role === 'closed' && others !== true && lists(given, resolve) && !closedByBranches(given))
      result.unevaluatedProperties = false;
    return orNull(result, given);
  };

  const compose = (given: Schema, result: Schema, role: Role): void => {
    const chosen = discriminated(given);
    if (chosen) {
      choose(chosen, result, role);
      return;
    }
    if (given.allOf) result.allOf = (given.allOf as Schema[]).map((one) => convert(one, 'part'));
    const branch = role === 'closed' && closedByBranches(given) ? 'closed' : 'part';
    for (const keyword of ['oneOf', 'anyOf'])
      if (given[keyword]) result[keyword] = (given[keyword] as Schema[]).map((one) => convert(one, branch));
  };

  /** By its discriminator, so that only the errors of the alternative that was meant are told. */
  const choose = ({ property, mapping }: Discriminated, result: Schema, role: Role): void => {
    result.required = [property];
    result.properties = { [property]: { enum: Object.keys(mapping) } };
    result.allOf = Object.entries(mapping).map(([value, ref]) => ({
      if: { properties: { [property]: { const: value } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
      then: refer(ref, role),
    }));
  };

  const root = convert(schema, 'closed');
  return { ...root, $defs: definitions };
}

type Schemas = Record<string, Schema>;

const KEPT = [
  'type',
  'enum',
  'const',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'required',
  'minProperties',
  'maxProperties',
];

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;
const isComposed = (schema: Schema): boolean => Boolean(schema.allOf ?? schema.oneOf ?? schema.anyOf);

interface Discriminated {
  property: string;
  mapping: Record<string, string>;
}
function discriminated(schema: Schema): Discriminated | undefined {
  const given = schema.discriminator as
    | { propertyName: string; mapping?: Record<string, string> }
    | undefined;
  if (!given?.mapping || !schema.oneOf || schema.properties || schema.allOf) return undefined;
  return { property: given.propertyName, mapping: given.mapping };
}

/** Alternatives that stand alone: each is the whole of the value. */
const closedByBranches = (schema: Schema): boolean =>
  Boolean(schema.oneOf ?? schema.anyOf) && !schema.allOf && !schema.properties;

/** Whether a schema names properties, itself or through what it is composed of. */
function lists(schema: Schema, resolve: (ref: string) => Schema, depth = 0): boolean {
  if (depth > 8) return false;
  if (typeof schema.$ref === 'string') return lists(resolve(schema.$ref), resolve, depth + 1);
  if (Object.keys((schema.properties as object | undefined) ?? {}).length > 0) return true;
  return ['allOf', 'oneOf', 'anyOf'].some((keyword) =>
    ((schema[keyword] as Schema[] | undefined) ?? []).some((one) => lists(one, resolve, depth + 1)),
  );
}

/** OpenAPI 3.0: `exclusiveMinimum: true` beside `minimum`. */
function exclusiveLimits(given: Schema, result: Schema): void {
  for (const [exclusive, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof given[exclusive] === 'number') result[exclusive] = given[exclusive];
    if (given[exclusive] !== true) continue;
    result[exclusive] = given[limit];
    delete result[limit];
  }
}

/** OpenAPI 3.0's `nullable`. */
const orNull = (schema: Schema, given: Schema): Schema =>
  given.nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;

const mapValues = (schemas: Schemas, change: (schema: Schema) => Schema): Schemas =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, change(schema)]));
