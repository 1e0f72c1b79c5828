import { describe, expect, test } from 'vitest';
import { call } from './recorded-call.ts';
import { checker } from './validator/check.ts';
import { type OpenApi, operationsOf } from './validator/openapi.ts';

const document: OpenApi = {
  openapi: '3.0.1',
  security: [{ bearer: [] }],
  paths: {
    '/things': {
      post: {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
        },
      },
      get: {
        security: [],
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 10 } },
          {
            name: 'ids',
            in: 'query',
            explode: false,
            schema: { type: 'array', items: { type: 'integer' } },
          },
          { name: 'X-Version', in: 'header', required: true, schema: { enum: ['1', '2'] } },
        ],
      },
    },
    '/things/{id}': { get: { parameters: [{ name: 'id', in: 'path', schema: { type: 'integer' } }] } },
    '/things/special': { get: {} },
    '/forms': {
      post: {
        requestBody: {
          content: {
            'application/x-www-form-urlencoded': {
              schema: {
                type: 'object',
                properties: { n: { type: 'integer' }, urls: { type: 'array', items: { type: 'string' } } },
              },
            },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        allOf: [
          { $ref: '#/components/schemas/Named' },
          // Taken literally this would refuse the name; the two describe one object together.
          {
            type: 'object',
            additionalProperties: false,
            properties: { size: { type: 'integer', nullable: true } },
          },
        ],
      },
      Named: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          kind: { type: 'string', enum: ['a', 'b'] },
          free: { type: 'object' },
          owner: {
            oneOf: [{ $ref: '#/components/schemas/ById' }, { $ref: '#/components/schemas/ByMail' }],
          },
        },
      },
      ById: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      ByMail: { type: 'object', required: ['mail'], properties: { mail: { type: 'string' } } },
    },
  },
};

describe('a description made for this test', () => {
  const check = checker({
    name: 'x',
    operations: operationsOf('x', document),
    meant: [],
    ignoredHeaders: [],
  });
  const thing = (json: unknown) => call('x', 'POST', '/things', { json });

  test.each([
    ['all of it', { name: 'n', kind: 'a', size: null, free: { any: 'thing' }, owner: { id: '1' } }],
    ['the least', { name: 'n' }],
  ])('%s passes', async (_name, json) => {
    expect(await check(thing(json))).toEqual({ operation: 'POST /things', violations: [] });
  });
  test.each([
    ['an unknown field', { name: 'n', colour: 'red' }, 'body: must NOT have unevaluated properties (colour)'],
    ['an unknown field inside', { name: 'n', owner: { id: '1', colour: 'red' } }, '(colour)'],
    ['both alternatives at once', { name: 'n', owner: { id: '1', mail: 'm' } }, '/owner'],
    ['a missing field', { size: 1 }, "must have required property 'name'"],
    ['a wrong type', { name: 7 }, '/name must be string'],
    ['null where it is not allowed', { name: null }, '/name must be string'],
    [
      'a value outside the list',
      { name: 'n', kind: 'c' },
      '/kind must be equal to one of the allowed values (a, b)',
    ],
    ['a list instead of an object', [], 'must be object'],
  ])('%s is found', async (_name, json, words) => {
    expect((await check(thing(json))).violations.join()).toContain(words);
  });

  const get = (path: string, headers: Record<string, unknown> = { 'x-version': '2' }) =>
    call('x', 'GET', path, { headers });
  test.each([
    ['a query of text', '/things?limit=10&ids=1,2', undefined, ''],
    ['an unknown parameter', '/things?limt=3', undefined, 'query limt: is not described'],
    ['a number over the limit', '/things?limit=11', undefined, 'query limit: must be <= 10'],
    ['a word for a number', '/things?limit=many', undefined, 'query limit: must be integer'],
    ['a word in a list of numbers', '/things?ids=1,x', undefined, 'query ids: /1 must be integer'],
    ['a missing header', '/things', {}, 'header X-Version: is missing'],
    ['a wrong header', '/things', { 'x-version': '3' }, 'header X-Version: must be equal'],
    ['a path that is no number', '/things/x', undefined, 'path id: must be integer'],
    ['a word that is a path of its own', '/things/special', undefined, ''],
  ])('%s', async (_name, path, headers, words) => {
    const { violations } = await check(get(path, headers));
    expect(violations.join()).toContain(words);
    expect(violations).toHaveLength(words === '' ? 0 : 1);
  });
  test('who is calling must be said where the description wants it', async () => {
    const anonymous = call('x', 'GET', '/things/1');
    delete anonymous.headers.authorization;
    expect((await check(anonymous)).violations).toEqual(['header authorization: is missing']);
  });
  test.each([
    ['GET', '/nothing', {}, 'nothing describes GET /nothing'],
    ['DELETE', '/things', {}, 'nothing describes DELETE /things'],
    ['GET', '/things/1/deeper', {}, 'nothing describes GET /things/1/deeper'],
    ['POST', '/things', {}, 'body: is missing'],
    ['GET', '/things/1', { json: {} }, 'body: is not described'],
    ['POST', '/things', { form: { name: 'n' } }, 'body: is application/x-www-form-urlencoded'],
  ])('%s %s with a surprise', async (method, path, more, words) => {
    expect((await check(call('x', method, path, more))).violations.join()).toContain(words);
  });
  test('a body that is no JSON is found', async () => {
    expect((await check({ ...thing({}), body: '{"name":' })).violations.join()).toContain(
      'body: is no application/json',
    );
  });
  test('a form’s numbers and lists come as text', async () => {
    const form = (body: string) => ({ ...call('x', 'POST', '/forms', { form: {} }), body });
    expect((await check(form('n=5&urls=a&urls=b'))).violations).toEqual([]);
    expect((await check(form('n=five'))).violations).toEqual(['body: /n must be integer']);
    expect((await check(form('m=5'))).violations.join()).toContain('(m)');
  });
});
