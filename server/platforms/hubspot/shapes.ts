/** What we read of HubSpot's answers and events. Everything from outside is optional until it was looked at. */
import { z } from 'zod';

/** Ids arrive as text in some places and as numbers in others; here they are text. */
const id = z.union([z.string().min(1), z.number()]).transform(String);
const text = z.string().nullish();

const deliveryIdentifier = z.object({ type: z.string(), value: z.string() });
const participant = z.object({
  actorId: text,
  name: text,
  deliveryIdentifier: deliveryIdentifier.nullish(),
});

/** One of `message.attachments`; which fields there are depends on `type`. */
const attachmentShape = z.looseObject({
  type: z.string(),
  fileId: id.nullish(),
  fileUsageType: text,
  name: text,
  url: text,
  latitude: z.number().nullish(),
  longitude: z.number().nullish(),
  address: text,
  contactProfile: z.unknown().optional(),
});
export type Attachment = z.infer<typeof attachmentShape>;

export const messageShape = z.object({
  id,
  conversationsThreadId: id,
  channelId: id.nullish(),
  channelAccountId: id.nullish(),
  type: text,
  direction: text,
  text,
  richText: text,
  createdAt: text,
  client: z.object({ clientType: text, integrationAppId: id.nullish() }).nullish(),
  senders: z.array(participant).nullish(),
  recipients: z.array(participant).nullish(),
  attachments: z.array(attachmentShape).nullish(),
  truncationStatus: text,
  inReplyToId: text,
});
export type HubspotMessage = z.infer<typeof messageShape>;

/** A POST to the custom channels' webhook: one object each, named by `type` (older senders: `eventType`). */
export const channelEventShape = z.looseObject({
  type: text,
  eventType: text,
  portalId: id,
  eventId: id.nullish(),
  eventTimestamp: z.union([z.number(), z.string()]).nullish(),
  channelAccountId: id.nullish(),
  authorized: z.boolean().nullish(),
  message: z.unknown().optional(),
});
export type ChannelEvent = z.infer<typeof channelEventShape>;

export const tokenShape = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  /** Seconds. */
  expires_in: z.number().positive(),
  hub_id: id.nullish(),
  user_id: id.nullish(),
});

export const introspectionShape = z.object({
  active: z.boolean(),
  hub_id: id.nullish(),
  hub_domain: text,
  /** The installer's e-mail address. */
  user: text,
  user_id: id.nullish(),
  scopes: z.array(z.string()).nullish(),
});

export const accountDetailsShape = z.object({ uiDomain: text });

export const channelAccountShape = z.object({
  id,
  inboxId: id,
  name: text,
  deliveryIdentifier: deliveryIdentifier.nullish(),
  archived: z.boolean().nullish(),
});
export type ChannelAccount = z.infer<typeof channelAccountShape>;

export const inboxShape = z.object({ id, name: z.string(), type: text, archived: z.boolean().nullish() });
export type Inbox = z.infer<typeof inboxShape>;

export const customChannelShape = z.looseObject({
  id,
  name: z.string(),
  webhookUrl: text,
  capabilities: z.record(z.string(), z.unknown()).nullish(),
});
export type CustomChannel = z.infer<typeof customChannelShape>;

export const threadShape = z.object({
  id,
  associatedContactId: id.nullish(),
  originalChannelId: id.nullish(),
  latestMessageTimestamp: text,
});
export type Thread = z.infer<typeof threadShape>;

export const contactShape = z.object({
  id,
  properties: z.record(z.string(), z.string().nullish()).default({}),
});
export type Contact = z.infer<typeof contactShape>;

export const fileShape = z.object({ id });
export const signedUrlShape = z.object({ url: z.string(), name: text, extension: text });

/** A page of a list, with the cursor of the next one. Entries that do not fit the shape are left out. */
export function pageOf<Entry>(json: unknown, entry: z.ZodType<Entry>): { results: Entry[]; after?: string } {
  const page = z
    .object({
      results: z.array(z.unknown()).default([]),
      paging: z.object({ next: z.object({ after: z.string() }).nullish() }).nullish(),
    })
    .safeParse(json);
  if (!page.success) return { results: [] };
  const results = page.data.results.flatMap((one) => {
    const known = entry.safeParse(one);
    return known.success ? [known.data] : [];
  });
  const after = page.data.paging?.next?.after;
  return after === undefined ? { results } : { results, after };
}
