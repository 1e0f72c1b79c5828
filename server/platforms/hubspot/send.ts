/**
 * Publishing a customer's message into the inbox, and telling what became of an agent's.
 * https://developers.hubspot.com/docs/api-reference/conversations-custom-channels-v3/guide
 */
import type { Delivery, HttpResponse, MessageDelivery, StatusDelivery } from '../../core/adapter.ts';
import { describe } from '../../core/describe.ts';
import type { ContactPart, LocationPart, Part, StoredFile } from '../../core/message.ts';
import { type NotSent, type Outcome, refused, retry, sent } from '../../core/outcome.ts';
import { type Attached, attachedOf, customerIdentifier } from './addressing.ts';
import { succeeded } from './errors.ts';
import { fileAttachment } from './files.ts';
import { paths } from './paths.ts';
import type { Portal } from './portal.ts';
import { messageShape, threadShape } from './shapes.ts';

export async function send(portal: Portal, delivery: Delivery): Promise<Outcome> {
  const attached = attachedOf(delivery.conversation.channel.settings);
  if (!attached)
    return refused(
      'not_attached',
      `${delivery.conversation.channel.name} is not connected to an inbox in HubSpot: choose its inbox in the channel’s settings.`,
    );
  return delivery.kind === 'message'
    ? await publish(portal, delivery, attached)
    : await tell(portal, delivery, attached);
}

async function publish(portal: Portal, delivery: MessageDelivery, attached: Attached): Promise<Outcome> {
  const contact = contactIdOf(delivery);
  const response = await portal.call({
    method: 'POST',
    path: paths.channelMessages(attached.custom_channel_id),
    json: publication(delivery, attached, contact),
  });
  // HubSpot does not say what it answers to a key that it has seen: this message, or a conflict. Both mean "it is there".
  if (response.status === 409) return await published(portal, delivery, response, contact);
  if (!succeeded(response)) return notPublished(portal, response, contact);
  return await published(portal, delivery, response, contact);
}

function publication(
  delivery: MessageDelivery,
  attached: Attached,
  contact: string | undefined,
): Record<string, unknown> {
  const { customer } = delivery.conversation;
  return {
    channelAccountId: attached.channel_account_id,
    messageDirection: 'INCOMING',
    integrationIdempotencyId: delivery.id,
    senders: [
      {
        deliveryIdentifier: customerIdentifier(delivery.conversation),
        name: customer.name ?? customer.address,
      },
    ],
    recipients: [{ deliveryIdentifier: attached.identifier }],
    // Required, and not allowed to be empty, also beside nothing but files.
    text: textOf(delivery.parts) || ' ',
    timestamp: new Date(delivery.at).toISOString(),
    attachments: attachmentsOf(delivery),
    ...(delivery.replyTo ? { inReplyToId: delivery.replyTo } : {}),
    ...(contact ? { associateWithContactId: Number(contact) } : {}),
  };
}

/** HubSpot's contact ids are whole numbers; anything else was not ours to name. */
function contactIdOf(delivery: MessageDelivery): string | undefined {
  const contact = delivery.prepared.contact || delivery.conversation.contactId;
  return contact && isContactId(contact) ? contact : undefined;
}
const isContactId = (id: string): boolean => /^\d+$/.test(id);

const textOf = (parts: Part<StoredFile>[]): string =>
  parts
    .map((part) => {
      if (part.kind === 'file') return part.caption ?? '';
      return isNative(part) ? '' : describe(part);
    })
    .filter((text) => text.trim() !== '')
    .join('\n');

const isNative = (part: Part<StoredFile>): part is LocationPart | ContactPart =>
  part.kind === 'location' || part.kind === 'contact';

function attachmentsOf(delivery: MessageDelivery): Record<string, unknown>[] {
  let file = 0;
  return delivery.parts.flatMap((part) => {
    if (part.kind === 'location') return [locationAttachment(part)];
    if (part.kind === 'contact') return [contactAttachment(part)];
    if (part.kind !== 'file') return [];
    const fileId = delivery.prepared[`file:${file}`];
    file += 1;
    return fileId ? [fileAttachment(part.file, fileId)] : [];
  });
}

const locationAttachment = ({
  latitude,
  longitude,
  name,
  address,
}: LocationPart): Record<string, unknown> => ({
  type: 'LOCATION',
  latitude,
  longitude,
  ...(name ? { name } : {}),
  ...(address ? { address } : {}),
});

function contactAttachment(part: ContactPart): Record<string, unknown> {
  const [firstName = '', ...rest] = part.name.trim().split(/\s+/);
  return {
    type: 'CONTACT',
    contactProfile: {
      name: { firstName, lastName: rest.join(' ') },
      phones: part.phones.map((phone) => ({ phone })),
      emails: part.emails.map((email) => ({ email })),
      urls: [],
      addresses: [],
    },
  };
}

const publishedShape = messageShape.pick({ id: true, conversationsThreadId: true }).partial();

async function published(
  portal: Portal,
  delivery: MessageDelivery,
  response: HttpResponse,
  contact: string | undefined,
): Promise<Outcome> {
  const message = publishedShape.safeParse(response.json);
  const thread = message.data?.conversationsThreadId ?? delivery.conversation.platformThread;
  const known = contact ?? (thread ? await contactOfThread(portal, thread) : undefined);
  return sent(message.data?.id ?? delivery.id, {
    ...(thread ? { thread } : {}),
    ...(known ? { contact: known } : {}),
  });
}

/** The message is out: whatever goes wrong here must not change that. A visitor's id (`V-…`) is not a contact's. */
async function contactOfThread(portal: Portal, thread: string): Promise<string | undefined> {
  try {
    const response = await portal.call({ method: 'GET', path: paths.thread(thread) });
    const contact = threadShape.safeParse(response.json).data?.associatedContactId;
    return succeeded(response) && contact && isContactId(contact) ? contact : undefined;
  } catch {
    return undefined;
  }
}

/** A contact that was deleted or merged away since we stored its id: it is looked for again. */
function notPublished(portal: Portal, response: HttpResponse, contact: string | undefined): NotSent {
  const outcome = portal.refusal(response, 'adding the message');
  const aboutContact = /contact/i.test(response.text) && [400, 404].includes(response.status);
  if (contact && aboutContact) return retry(outcome.why, { forget: 'contact' });
  return outcome;
}

const WORDS_FOR_UNKNOWN =
  'This message may have been delivered, or not: the channel never answered. Check with the customer first, then send it again if it is missing.';

/** HubSpot knows SENT, FAILED and READ; the same status twice changes nothing. */
async function tell(portal: Portal, delivery: StatusDelivery, attached: Attached): Promise<Outcome> {
  const response = await portal.call({
    method: 'PATCH',
    path: paths.channelMessage(attached.custom_channel_id, delivery.of),
    json: statusOf(delivery),
  });
  return succeeded(response)
    ? sent(delivery.of)
    : portal.repeatableRefusal(response, 'marking the agent’s message');
}

function statusOf({ status, why }: StatusDelivery): { statusType: string; errorMessage?: string } {
  switch (status) {
    case 'sent':
    case 'delivered':
      return { statusType: 'SENT' };
    case 'read':
      return { statusType: 'READ' };
    // HubSpot has no word for waiting; the SENT that follows takes this back.
    case 'waiting':
      return { statusType: 'FAILED', errorMessage: why ?? 'Not out yet; it is still being tried.' };
    case 'unknown':
      return { statusType: 'FAILED', errorMessage: why ?? WORDS_FOR_UNKNOWN };
    case 'failed':
      return { statusType: 'FAILED', errorMessage: why ?? 'The channel refused this message.' };
  }
}
