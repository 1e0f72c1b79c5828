import { z } from 'zod';
import type { Caller } from '../../accounts/tokens.ts';
import type { ConnectionStore } from '../../store/connections/connections.ts';
import type { Replayed, ReplayWish } from '../../store/ledger/replay.ts';
import type { ResendResult } from '../../store/ledger/resend.ts';
import { contentErased, invalidField, notFound } from '../problem.ts';
import { limitOf, PAGING, type Page } from './paging.ts';
import { type ApiRoute, conflict, ok, withBody, withoutBody } from './routes.ts';
import { iso, listOf, messageShape, messageStatuses, replayedShape, retryShape } from './shapes.ts';
import { ownWorkspaces } from './workspaces.ts';

type MessageStatus = (typeof messageStatuses)[number];

/** A message as the ledger knows it: no content. Times in ms since 1970; the API prints them as RFC 3339. */
export interface ApiMessage {
  id: string;
  channel_id: string;
  direction: 'in' | 'out';
  status: MessageStatus;
  reason?: string;
  created_at: number;
  history: { status: string; at: number; reason?: string }[];
}

/** The ledger, as far as the API reads it. Ids of other workspaces than the given ones do not exist. */
export interface MessageReader {
  /** Newest first. `after`: the `next` of the page before. Throws nothing for a cursor it does not know: an empty page. */
  list(query: {
    accountWorkspaceIds: string[];
    channelId?: string;
    status?: MessageStatus;
    after?: string;
    limit: number;
  }): Promise<Page<ApiMessage>>;
  get(workspaceIds: string[], id: string): Promise<ApiMessage | undefined>;
  /** `not_failed`: it is under way, arrived, or nothing is known to be wrong with it. `unknown` ones count as failed. */
  retry(workspaceIds: string[], id: string): Promise<ResendResult>;
  /** Many at once, oldest first. */
  replay(wish: ReplayWish): Promise<Replayed>;
}

export interface MessageRoutesDeps {
  connections: ConnectionStore;
  messages: MessageReader;
}

export const messageRoutes = (deps: MessageRoutesDeps): ApiRoute[] => [
  list(deps),
  // Before the routes of one message: it is no message's id.
  replay(deps),
  one(deps),
  retry(deps),
];

const workspaceIds = async ({ connections }: MessageRoutesDeps, caller: Caller): Promise<string[]> =>
  (await ownWorkspaces(connections, caller)).map((workspace) => workspace.id);

const list = (deps: MessageRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/messages',
    operationId: 'listMessages',
    summary: 'Messages and what became of them, newest first',
    scope: 'messages:read',
    query: {
      channel_id: { description: 'Only this channel’s.', schema: { type: 'string' } },
      status: { description: 'Only these.', schema: { type: 'string', enum: messageStatuses } },
      ...PAGING,
    },
    success: { status: 200, shape: listOf(messageShape) },
    problems: [422],
    handle: async ({ caller, query }) => {
      const status = statusOf(query.status);
      const { data, next } = await deps.messages.list({
        accountWorkspaceIds: await workspaceIds(deps, caller),
        ...(query.channel_id ? { channelId: query.channel_id } : {}),
        ...(status ? { status } : {}),
        ...(query.after ? { after: query.after } : {}),
        limit: limitOf(query),
      });
      return ok({ data: data.map(shown), next });
    },
  });

const one = (deps: MessageRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/messages/:id',
    operationId: 'getMessage',
    summary: 'One message with its history',
    scope: 'messages:read',
    success: { status: 200, shape: messageShape },
    handle: async ({ caller, id }) => {
      const message = await deps.messages.get(await workspaceIds(deps, caller), id);
      if (!message) throw notFound('message');
      return ok(shown(message));
    },
  });

const retry = (deps: MessageRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'post',
    path: '/messages/:id/retry',
    operationId: 'retryMessage',
    summary: 'Send a failed message again',
    scope: 'messages:write',
    success: { status: 202, shape: retryShape },
    problems: [409],
    handle: async ({ caller, id }) => {
      const answer = await deps.messages.retry(await workspaceIds(deps, caller), id);
      if (answer === 'not_found') throw notFound('message');
      if (answer === 'not_failed')
        throw conflict('This message has not failed.', 'Only failed and unknown messages can be sent again.');
      if (answer === 'erased') throw contentErased();
      return { status: 202, json: { id, status: 'queued' } };
    },
  });

const time = z.iso.datetime({ offset: true });
const wishShape = z.strictObject({
  channel_id: z.string().optional(),
  status: z
    .enum(['failed', 'unknown'])
    .default('failed')
    .describe('`unknown`: perhaps delivered; sending again may make them arrive twice'),
  since: time.optional(),
  until: time.optional(),
  after: z.string().optional().describe('The `next` of the answer before'),
});

const replay = (deps: MessageRoutesDeps): ApiRoute =>
  withBody({
    method: 'post',
    path: '/messages/retry',
    operationId: 'retryMessages',
    summary: 'Send again what failed, by channel and time: oldest first, at most 200 a call',
    scope: 'messages:write',
    body: wishShape,
    success: { status: 202, shape: replayedShape },
    handle: async ({ caller, body }) => {
      const { channel_id, status = 'failed', since, until, after } = body;
      const replayed = await deps.messages.replay({
        workspaceIds: await workspaceIds(deps, caller),
        status,
        ...(channel_id === undefined ? {} : { channelId: channel_id }),
        ...(since === undefined ? {} : { since: Date.parse(since) }),
        ...(until === undefined ? {} : { until: Date.parse(until) }),
        ...(after === undefined ? {} : { after }),
      });
      return { status: 202, json: replayed };
    },
  });

function statusOf(status: string | undefined): MessageStatus | undefined {
  if (status === undefined) return undefined;
  const known = messageStatuses.find((one) => one === status);
  if (!known) throw invalidField('status', `A status is one of ${messageStatuses.join(', ')}.`);
  return known;
}

const shown = ({ history, created_at, ...rest }: ApiMessage): unknown => ({
  ...rest,
  created_at: iso(created_at),
  history: history.map((step) => ({ ...step, at: iso(step.at) })),
});
