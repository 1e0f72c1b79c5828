import { randomBytes } from 'node:crypto';
import { createTokens, SCOPES, type Scope } from '../../server/accounts/tokens.ts';
import { makeId } from '../../server/core/ids.ts';
import type { Role } from '../../server/store/people/accounts.ts';
import type { FrontDoor } from './front-door.ts';

const random = (bytes: number) => randomBytes(bytes);

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to say.
  json: any;
}
export interface ApiClient {
  accountId: string;
  personId: string;
  token: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** A person with an account (or in a given one) and a token of theirs, straight into the store. */
export async function apiClient(
  door: FrontDoor,
  options: { accountId?: string; role?: Role; scopes?: Scope[] } = {},
): Promise<ApiClient> {
  const { accounts, clock } = door;
  const person = { id: makeId('per', clock.now(), random), name: 'Ada', email: 'ada@acme.test' };
  await accounts.addPerson(person, { provider: 'intercom', subject: person.id });
  const accountId = options.accountId ?? makeId('acc', clock.now(), random);
  const role = options.role ?? 'owner';
  if (options.accountId) await accounts.addMember({ account_id: accountId, person_id: person.id, role });
  else await accounts.addAccount({ id: accountId, name: 'Acme' }, person.id);
  const caller = { account_id: accountId, person_id: person.id, role, scopes: [...SCOPES] };
  const made = await createTokens(accounts, { clock, random, audit: door.audit }).create(
    caller,
    'test',
    options.scopes,
  );
  const token = made?.token ?? '';
  return { accountId, personId: person.id, token, call: bearerCalls(door.url, token) };
}

const bearerCalls =
  (url: string, token: string): ApiClient['call'] =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      json: text === '' ? undefined : JSON.parse(text),
    };
  };

/** A workspace of the client's account, straight into the store. */
export async function addWorkspace(
  door: FrontDoor,
  client: ApiClient,
  facts: { platform: string; external_id: string; credentials?: unknown },
): Promise<string> {
  const id = makeId('wsp', door.clock.now(), random);
  await door.connections.addWorkspace({
    id,
    account_id: client.accountId,
    platform: facts.platform,
    external_id: facts.external_id,
    name: `${facts.platform} ${facts.external_id}`,
    connected_by: client.personId,
    credentials: facts.credentials ?? { access_token: 'none' },
    settings: {},
  });
  return id;
}
