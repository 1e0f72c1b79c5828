import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Call } from '../../../playground/kit.ts';
import { contentOf } from './content.ts';
import { type Api, type Operation, type Parameter, Path, type Schema } from './operation.ts';
import { strict } from './strict.ts';

export interface Verdict {
  /** `POST /conversations`; undefined when nothing describes the call. */
  operation: string | undefined;
  /** In words without values, so that no token and no message is ever printed. */
  violations: string[];
}

const options = { strict: false, allErrors: true, logger: false } as const;
const typed = new Ajv2020(options);
/** For what travels as text: `"20"` is an integer there. */
const textual = new Ajv2020({ ...options, coerceTypes: true });
for (const ajv of [typed, textual]) addFormats.default(ajv);

/** Checks calls against one API's operations; a schema is compiled when the first call needs it. */
export function checker(api: Api): (call: Call) => Promise<Verdict> {
  const paths = new Map(api.operations.map((operation) => [operation, new Path(operation.template)]));
  const compiled = new Map<string, ValidateFunction>();

  const validate = (
    operation: Operation,
    name: string,
    schema: Schema,
    isTyped: boolean,
  ): ValidateFunction => {
    const key = `${operation.method} ${operation.template} ${name}`;
    const known = compiled.get(key);
    if (known) return known;
    const made = (isTyped ? typed : textual).compile(strict(schema, operation.resolve));
    compiled.set(key, made);
    return made;
  };

  return async (call) => {
    const url = new URL(call.path, 'http://api');
    const candidates = candidatesFor(api, paths, call.method, url.pathname);
    let first: Verdict | undefined;
    for (const operation of candidates) {
      const values = paths.get(operation)?.match(url.pathname) ?? {};
      const violations = [
        ...checkParameters(operation, api, values, url, call, validate),
        ...(await checkBody(operation, call, validate)),
      ];
      const verdict = { operation: `${operation.method} ${operation.template}`, violations };
      if (violations.length === 0) return verdict;
      first ??= verdict;
    }
    return (
      first ?? { operation: undefined, violations: [`nothing describes ${call.method} ${redacted(url)}`] }
    );
  };
}

/** The most literal paths that fit; of several at one address, the ones that the API's `meant` names, in that order. */
function candidatesFor(api: Api, paths: Map<Operation, Path>, method: string, path: string): Operation[] {
  const fitting = api.operations.filter((one) => one.method === method && paths.get(one)?.match(path));
  const most = Math.max(...fitting.map((one) => paths.get(one)?.literals ?? 0));
  const best = fitting.filter((one) => paths.get(one)?.literals === most);
  const meant = api.meant.map((id) => best.find((one) => one.id === id)).filter((one) => one !== undefined);
  return meant.length > 0 ? meant : best.slice(0, 1);
}

type Validate = (operation: Operation, name: string, schema: Schema, isTyped: boolean) => ValidateFunction;

function checkParameters(
  operation: Operation,
  api: Api,
  path: Record<string, string>,
  url: URL,
  call: Call,
  validate: Validate,
): string[] {
  const violations: string[] = [];
  const names = operation.parameters.filter((one) => one.in === 'query').map((one) => one.name);
  for (const name of new Set(url.searchParams.keys()))
    if (!names.includes(name)) violations.push(`query ${name}: is not described`);
  if (operation.authorised && !call.headers.authorization)
    violations.push('header authorization: is missing');
  for (const one of operation.parameters) {
    if (one.in === 'header' && api.ignoredHeaders.includes(one.name.toLowerCase())) continue;
    const value = givenFor(one, path, url, call);
    if (value === undefined) {
      if (one.required) violations.push(`${one.in} ${one.name}: is missing`);
      continue;
    }
    const schema = { type: 'object', properties: { value: one.schema } };
    const check = validate(operation, `${one.in} ${one.name}`, schema, false);
    if (!check({ value })) violations.push(`${one.in} ${one.name}: ${explain(check.errors, '/value')}`);
  }
  return violations;
}

function givenFor(one: Parameter, path: Record<string, string>, url: URL, call: Call): unknown {
  if (one.in === 'path') return path[one.name];
  // The parameters of a content type (its boundary, its charset) are nobody's business.
  if (one.in === 'header') return call.headers[one.name.toLowerCase()]?.split(';')[0]?.trim();
  const values = url.searchParams.getAll(one.name);
  if (values.length === 0) return undefined;
  if (one.schema.type !== 'array') return values.length === 1 ? values[0] : values;
  return one.explode ? values : values.flatMap((value) => value.split(','));
}

async function checkBody(operation: Operation, call: Call, validate: Validate): Promise<string[]> {
  const content = await contentOf(call, (type) => operation.bodies[type]);
  const described = Object.keys(operation.bodies);
  if (content.kind === 'none') return operation.bodyRequired ? ['body: is missing'] : [];
  if (described.length === 0) return ['body: is not described'];
  if (content.kind === 'unreadable') return [`body: ${content.why}`];
  const schema = operation.bodies[content.type] ?? operation.bodies['*/*'];
  if (!schema) return [`body: is ${content.type}, described are ${described.join(', ')}`];
  const check = validate(operation, `body ${content.type}`, schema, content.typed);
  // Coercion writes into the value: it gets one of its own.
  return check(structuredClone(content.value)) ? [] : [`body: ${explain(check.errors, '')}`];
}

/**
 * The errors that say most, without values: of a value with alternatives, those of the alternative that came furthest
 * stand deepest.
 */
function explain(errors: ErrorObject[] | null | undefined, prefix: string): string {
  const all = errors ?? [];
  const telling = all.filter((error) => !['oneOf', 'anyOf', 'if'].includes(error.keyword));
  const words = (telling.length > 0 ? telling : all)
    .sort((a, b) => depth(b) - depth(a))
    .map((error) =>
      `${error.instancePath.slice(prefix.length)} ${error.message ?? error.keyword}${subject(error)}`.trim(),
    );
  return [...new Set(words)].slice(0, 6).join('; ') || 'does not fit';
}
const depth = (error: ErrorObject): number => error.instancePath.split('/').length;
function subject({ params }: ErrorObject): string {
  const name = params.unevaluatedProperty ?? params.additionalProperty;
  const allowed = params.allowedValues as unknown[] | undefined;
  if (name !== undefined) return ` (${String(name)})`;
  return allowed ? ` (${allowed.slice(0, 12).join(', ')})` : '';
}

/** A path without the tokens in it, a query without its values. */
function redacted(url: URL): string {
  const path = url.pathname.replace(/\/bot[^/]+/, '/bot…');
  const names = [...new Set(url.searchParams.keys())].map((name) => `${name}=…`);
  return names.length > 0 ? `${path}?${names.join('&')}` : path;
}
