/** The routes as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), whose schemas are JSON Schema 2020-12. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { ApiRoute } from './routes.ts';

export function openApiDocument(routes: ApiRoute[], publicUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Octopods API',
      version: '1',
      description:
        'The bridge between messaging apps and the support inbox. Lists are paged: pass `next` as `after`.',
    },
    servers: [{ url: `${publicUrl}/api/v1` }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'oct_…' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: publicUrl.startsWith('https:') ? '__Host-octopods' : 'octopods',
          description: 'The console’s own: only with `Origin` = the server’s.',
        },
      },
      responses: { Problem: problemResponse },
      schemas: { Problem: problemSchema },
    },
  };
}

const openApiPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

function operation(route: ApiRoute): Record<string, unknown> {
  const id = route.path.includes(':id')
    ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
    : [];
  const query = Object.entries(route.query ?? {}).map(([name, more]) => ({ name, in: 'query', ...more }));
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.scope
      ? { description: `Scope: \`${route.scope}\`.${route.manages ? ' Owners and admins only.' : ''}` }
      : {}),
    parameters: [...id, ...query],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } } }
      : {}),
    responses: responses(route),
  };
}

function responses(route: ApiRoute): Record<string, unknown> {
  const { status, shape } = route.success;
  const success = {
    description: STATUS_CODES[status],
    ...(shape ? { content: { 'application/json': { schema: schemaOf(shape) } } } : {}),
  };
  const problems = new Set([401, 403, 404, ...(route.query ? [422] : []), ...(route.problems ?? []), 503]);
  return {
    [status]: success,
    ...Object.fromEntries([...problems].map((code) => [code, { $ref: '#/components/responses/Problem' }])),
  };
}

/** Every schema stands for itself: no references between them. */
function schemaOf(schema: z.ZodType): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { reused: 'inline', io: 'input' });
  return rest;
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'remedy'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong' },
    remedy: { type: 'string', description: 'What to do about it' },
    field: { type: 'string', description: 'Which field or parameter: `credentials.bot_token`' },
  },
};
const problemResponse = {
  description: 'What is wrong and what to do (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
