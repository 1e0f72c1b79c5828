/** The API's description of itself, held against the API. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiClient, addWorkspace, apiClient } from '../support/api-client.ts';
import { type FrontDoor, openFrontDoor } from '../support/front-door.ts';
import { type TwoMessages, twoMessages } from '../support/two-messages.ts';

let door: FrontDoor;
let messages: TwoMessages;
let owner: ApiClient;
beforeEach(async () => {
  messages = twoMessages();
  door = await openFrontDoor({ messages, platforms: () => [] });
  owner = await apiClient(door);
});
afterEach(() => door.close());

describe('the OpenAPI document', () => {
  interface Operation {
    responses: Record<string, { content?: Record<string, { schema: object }> }>;
  }
  const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
  interface Document {
    paths: Record<string, Record<string, Operation>>;
  }
  const load = async () => {
    const response = await fetch(`${door.url}/api/v1/openapi.json`);
    return ((await response.json()) as Document).paths;
  };

  it('lists exactly the routes that are served', async () => {
    const paths = await load();
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const served: string[] = [];
    for (const path of Object.keys(paths))
      for (const method of METHODS) {
        const answer = await fetch(`${door.url}/api/v1${path.replace('{id}', 'x')}`, {
          method: method.toUpperCase(),
        });
        if (answer.status !== 405) served.push(`${method} ${path}`);
      }
    expect(documented.sort()).toEqual(served.sort());
    expect(documented).toEqual(
      [
        'post /tokens',
        'get /tokens',
        'delete /tokens/{id}',
        'get /me',
        'get /workspaces',
        'get /workspaces/{id}',
        'post /workspaces/{id}/archive',
        'get /workspaces/{id}/channels',
        'post /workspaces/{id}/channels',
        'get /channels/{id}',
        'patch /channels/{id}',
        'delete /channels/{id}',
        'get /channels/{id}/settings',
        'put /channels/{id}/settings',
        'get /messages',
        'get /messages/{id}',
        'post /messages/{id}/retry',
        'post /messages/retry',
      ].sort(),
    );
  });

  it('describes what is really answered', async () => {
    const workspace = await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' });
    messages.ownedBy.push(workspace);
    const paths = await load();
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const calls: [string, string, string][] = [
      ['get', '/me', '/me'],
      ['get', '/tokens', '/tokens'],
      ['get', '/workspaces', '/workspaces'],
      ['get', '/workspaces/{id}', `/workspaces/${workspace}`],
      ['get', '/messages', '/messages'],
      ['get', '/messages/{id}', '/messages/evt_failed'],
      ['post', '/messages/{id}/retry', '/messages/evt_failed/retry'],
    ];
    for (const [method, path, url] of calls) {
      const answer = await owner.call(method.toUpperCase(), url);
      const schema = paths[path]?.[method]?.responses[answer.status]?.content?.['application/json']?.schema;
      const valid = ajv.validate(schema ?? false, answer.json);
      expect([path, valid, ajv.errors]).toEqual([path, true, null]);
    }
  });
});
