/** What the API answers, as schemas: they document it, and the tests hold the answers against them. */
import { z } from 'zod';
import { SCOPES } from '../../accounts/tokens.ts';

const time = z.iso.datetime().describe('UTC');
const scopes = z.array(z.enum(SCOPES));

export const meShape = z
  .strictObject({
    account: z.strictObject({ id: z.string(), name: z.string() }),
    person: z.strictObject({ id: z.string(), name: z.string().nullable(), email: z.string().nullable() }),
    role: z.enum(['owner', 'admin', 'member']),
    scopes,
  })
  .meta({ id: 'Me' });

export const newTokenShape = z
  .strictObject({ id: z.string(), name: z.string(), scopes, token: z.string().describe('Shown this once.') })
  .meta({ id: 'NewToken' });
export const tokenShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    scopes,
    created_at: time,
    revoked_at: time.optional(),
  })
  .meta({ id: 'Token' });

export const workspaceShape = z
  .strictObject({
    id: z.string(),
    platform: z.string().describe('`intercom` or `hubspot`'),
    external_id: z.string().describe('The Intercom workspace code or the HubSpot portal id'),
    name: z.string(),
    status: z.enum(['active', 'disconnected', 'archived']),
    reason: z.string().optional().describe('Why it is not active, and what to do'),
    connected_by: z.string(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Workspace' });

export const channelShape = z
  .strictObject({
    id: z.string(),
    workspace_id: z.string(),
    type: z.string(),
    name: z.string(),
    external_id: z.string().describe('The bot, number or page'),
    status: z.enum(['pending', 'connected', 'offline', 'disconnected', 'archived']),
    reason: z.string().optional().describe('Why it is not connected, and what to do'),
    webhook_url: z.string().describe('Where the provider sends events'),
    last_inbound_at: time.optional(),
    last_outbound_at: time.optional(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Channel' });

export const settingsShape = z.record(z.string(), z.unknown()).meta({ id: 'ChannelSettings' });

export const messageStatuses = ['queued', 'sent', 'delivered', 'read', 'failed', 'unknown'] as const;
export const messageShape = z
  .strictObject({
    id: z.string(),
    channel_id: z.string(),
    direction: z.enum(['in', 'out']).describe('`in`: from the customer; `out`: to the customer'),
    status: z.enum(messageStatuses),
    reason: z.string().optional().describe('For `failed` and `unknown`: what happened and what to do next'),
    created_at: time,
    history: z.array(z.strictObject({ status: z.string(), at: time, reason: z.string().optional() })),
  })
  .meta({ id: 'Message' });

export const retryShape = z
  .strictObject({ id: z.string(), status: z.literal('queued') })
  .meta({ id: 'RetryQueued' });

export const replayedShape = z
  .strictObject({
    queued: z.number().int(),
    erased: z.number().int().describe('Content gone: nothing left to send'),
    next: z.string().nullable().describe('More may follow: ask again with this as `after`'),
  })
  .meta({ id: 'RetriesQueued' });

/** `{data, next}` of a shape. */
export const listOf = (shape: z.ZodType) =>
  z.strictObject({ data: z.array(shape), next: z.string().nullable() });

/** Milliseconds as the API writes times (RFC 3339, UTC). */
export const iso = (ms: number): string => new Date(ms).toISOString();
