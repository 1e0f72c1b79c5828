import { z } from 'zod';
import { SCOPES, type Tokens } from '../../accounts/tokens.ts';
import type { AccountStore, ApiToken } from '../../store/people/accounts.ts';
import { invalidField, notFound } from '../problem.ts';
import { PAGING, pageOf } from './paging.ts';
import { type ApiRoute, ok, withBody, withoutBody } from './routes.ts';
import { iso, listOf, meShape, newTokenShape, tokenShape } from './shapes.ts';

export interface TokenRoutesDeps {
  accounts: AccountStore;
  tokens: Tokens;
}

const newToken = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(SCOPES)).min(1).optional(),
});

export const tokenRoutes = (deps: TokenRoutesDeps): ApiRoute[] => [
  me(deps),
  create(deps),
  list(deps),
  revoke(deps),
];

const me = ({ accounts }: TokenRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/me',
    operationId: 'getMe',
    summary: 'Who is calling: account, person, role and scopes',
    success: { status: 200, shape: meShape },
    handle: async ({ caller }) => {
      const [account, person] = await Promise.all([
        accounts.account(caller.account_id),
        accounts.person(caller.person_id),
      ]);
      return ok({
        account: { id: caller.account_id, name: account?.name ?? '' },
        person: { id: caller.person_id, name: person?.name ?? null, email: person?.email ?? null },
        role: caller.role,
        scopes: caller.scopes,
      });
    },
  });

const create = ({ tokens }: TokenRoutesDeps): ApiRoute =>
  withBody({
    method: 'post',
    path: '/tokens',
    operationId: 'createToken',
    summary: 'Create an API token; it is shown once. Without scopes it gets all of the caller’s',
    scope: 'tokens:write',
    body: newToken,
    success: { status: 201, shape: newTokenShape },
    handle: async ({ caller, body }) => {
      const made = await tokens.create(caller, body.name, body.scopes);
      if (!made)
        throw invalidField('scopes', 'A token cannot have more scopes than the one that creates it.');
      return { status: 201, json: { ...made, name: body.name } };
    },
  });

const list = ({ accounts }: TokenRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/tokens',
    operationId: 'listTokens',
    summary: 'Your tokens, without their secrets',
    scope: 'tokens:write',
    query: PAGING,
    success: { status: 200, shape: listOf(tokenShape) },
    handle: async ({ caller, query }) => {
      const all = await accounts.tokensOf(caller.account_id);
      const { data, next } = pageOf(
        all.filter((token) => token.person_id === caller.person_id),
        query,
      );
      return ok({ data: data.map(shown), next });
    },
  });

const revoke = ({ tokens }: TokenRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'delete',
    path: '/tokens/:id',
    operationId: 'revokeToken',
    summary: 'Revoke one of your tokens, at once and for good',
    scope: 'tokens:write',
    success: { status: 204 },
    handle: async ({ caller, id }) => {
      if (!(await tokens.revoke(caller, id))) throw notFound('token');
      return { status: 204 };
    },
  });

const shown = (token: ApiToken): unknown => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes.split(' '),
  created_at: iso(token.created_at),
  ...(token.revoked_at === null ? {} : { revoked_at: iso(token.revoked_at) }),
});
