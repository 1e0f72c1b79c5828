import type { Operation, Parameter, Schema } from './operation.ts';

export interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, unknown>>;
  components?: Record<string, Record<string, Schema>>;
  security?: Schema[];
}
interface Described {
  operationId?: string;
  parameters?: Schema[];
  requestBody?: Schema;
  security?: Schema[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head'];

/** All operations of an OpenAPI document (3.0 and 3.1). */
export function operationsOf(api: string, document: OpenApi): Operation[] {
  const resolve = (ref: string): Schema => resolved(document, ref);
  return Object.entries(document.paths).flatMap(([template, item]) =>
    METHODS.filter((method) => method in item).map((method) => {
      const described = item[method] as Described;
      const shared = (item.parameters as Schema[] | undefined) ?? [];
      const body = described.requestBody && dereferenced(described.requestBody, resolve);
      return {
        api,
        method: method.toUpperCase(),
        template,
        ...(described.operationId ? { id: described.operationId } : {}),
        parameters: parameters([...shared, ...(described.parameters ?? [])], resolve),
        bodies: bodiesOf(body),
        bodyRequired: body?.required === true,
        authorised: isAuthorised(described.security ?? document.security),
        resolve,
      };
    }),
  );
}

/** An empty alternative, or no alternative at all, means that nobody has to say who they are. */
const isAuthorised = (security: Schema[] | undefined): boolean =>
  security !== undefined && security.length > 0 && security.every((one) => Object.keys(one).length > 0);

function parameters(given: Schema[], resolve: (ref: string) => Schema): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const one of given.map((parameter) => dereferenced(parameter, resolve))) {
    const where = String(one.in);
    if (where !== 'path' && where !== 'query' && where !== 'header') continue;
    // The operation's own beat those of the path.
    byName.set(`${where} ${one.name}`, {
      name: String(one.name),
      in: where,
      required: where === 'path' || one.required === true,
      schema: (one.schema as Schema | undefined) ?? {},
      explode: one.explode !== false,
    });
  }
  return [...byName.values()];
}

function bodiesOf(body: Schema | undefined): Record<string, Schema> {
  const content = (body?.content ?? {}) as Record<string, { schema?: Schema }>;
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => [type.split(';')[0]?.trim() ?? type, media.schema ?? {}]),
  );
}

const dereferenced = (value: Schema, resolve: (ref: string) => Schema): Schema =>
  typeof value.$ref === 'string' ? dereferenced(resolve(value.$ref), resolve) : value;

function resolved(document: OpenApi, ref: string): Schema {
  let value: unknown = document;
  for (const step of ref.replace(/^#\//, '').split('/'))
    value = (value as Record<string, unknown> | undefined)?.[
      step.replaceAll('~1', '/').replaceAll('~0', '~')
    ];
  if (typeof value !== 'object' || value === null) throw new Error(`The description has no ${ref}`);
  return value as Schema;
}
