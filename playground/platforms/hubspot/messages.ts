/** Custom channel messages: publish, read, tell what became of them. */

import { checkIdentifier } from './accounts.ts';
import { type ApiCall, type Door, invalid, notFound, required, requiredText, text } from './api.ts';
import { threadsByIntegration } from './capabilities.ts';
import { CHANNEL_BASES, findChannel } from './channels.ts';
import { addMessage, associate, checkAttachments, messageJson, outgoingEvent, threadFor } from './thread.ts';
import type {
  Channel,
  ChannelAccount,
  DeliveryIdentifier,
  Message,
  Participant,
  Portal,
  World,
} from './world.ts';

const READ = { scopes: ['conversations.custom_channels.read'], professional: true };
const WRITE = { scopes: ['conversations.custom_channels.write'], professional: true };

export function messageRoutes(world: World, door: Door): void {
  for (const base of CHANNEL_BASES) {
    const path = `${base}/:channelId/messages`;
    door('post', path, { ...WRITE, status: 201 }, (call) =>
      messageJson(world, call.portal, publish(world, call)),
    );
    door('get', `${path}/:messageId`, READ, ({ portal, params }) =>
      messageJson(world, portal, findMessage(portal, params)),
    );
    door('patch', `${path}/:messageId`, WRITE, ({ portal, params, body }) => {
      const message = findMessage(portal, params);
      const status = requiredText(body, 'statusType');
      if (status !== 'SENT' && status !== 'FAILED' && status !== 'READ')
        throw invalid(`Invalid input JSON: statusType must be SENT, FAILED or READ, not ${status}`);
      const errorMessage = text(body, 'errorMessage');
      message.status = { statusType: status, ...(errorMessage ? { errorMessage } : {}) };
      message.updatedAt = world.now();
      world.changed();
      return messageJson(world, portal, message);
    });
  }
}

function findMessage(portal: Portal, params: Record<string, string>): Message {
  for (const thread of portal.threads.values()) {
    const found = thread.messages.find(
      (one) => one.id === params.messageId && one.channelId === params.channelId,
    );
    if (found) return found;
  }
  throw notFound('Message does not exist');
}

interface Egg {
  account: ChannelAccount;
  direction: 'INCOMING' | 'OUTGOING';
  senders: GivenParticipant[];
  recipients: GivenParticipant[];
  at: number;
}
interface GivenParticipant {
  deliveryIdentifier: DeliveryIdentifier;
  name: string | undefined;
  senderActorId: string | undefined;
}

function publish(world: World, { portal, params, body }: ApiCall): Message {
  const channel = findChannel(world, params.channelId);
  const egg = checkEgg(portal, channel, body);
  const key = text(body, 'integrationIdempotencyId');
  const seen = key === undefined ? undefined : portal.published.get(`${channel.id}/${key}`);
  if (seen) return seen;
  const attachments = checkAttachments(portal, body.attachments);
  const integrationThreadId = text(body, 'integrationThreadId');
  if (threadsByIntegration(channel) && !integrationThreadId) throw required('integrationThreadId');
  const incoming = egg.direction === 'INCOMING';
  const visitor = (incoming ? egg.senders : egg.recipients)[0] as GivenParticipant;
  const contactId = contactOf(body);
  if (contactId !== undefined && !portal.contacts.has(contactId))
    throw invalid(`Contact ${contactId} does not exist`);
  const thread = threadFor(
    world,
    portal,
    channel,
    egg.account,
    visitor.deliveryIdentifier,
    integrationThreadId,
  );
  associate(world, portal, thread, { identifier: visitor.deliveryIdentifier, name: visitor.name }, contactId);
  const person = thread.associatedContactId;
  const actor = person.startsWith('V-') ? person : `V-${person}`;
  const sender = participants(egg.senders, incoming ? actor : `I-${world.app.appId}`);
  const message = addMessage(world, thread, {
    type: 'MESSAGE',
    direction: egg.direction,
    text: String(body.text),
    ...(text(body, 'richText') === undefined ? {} : { richText: String(body.richText) }),
    attachments,
    senders: sender,
    recipients: participants(egg.recipients, incoming ? `I-${world.app.appId}` : actor),
    createdAt: egg.at,
    createdBy: sender[0]?.actorId ?? actor,
    client: { clientType: 'INTEGRATION', integrationAppId: world.app.appId },
    status: { statusType: incoming ? 'RECEIVED' : 'SENT' },
    ...(text(body, 'inReplyToId') ? { inReplyToId: String(body.inReplyToId) } : {}),
    ...(integrationThreadId ? { integrationThreadId } : {}),
  });
  if (key !== undefined) portal.published.set(`${channel.id}/${key}`, message);
  if (!incoming && world.choices.echoOutgoing) outgoingEvent(world, portal, thread, message);
  return message;
}

/** All that the specification requires, and an account that may be used. */
function checkEgg(portal: Portal, channel: Channel, body: Record<string, unknown>): Egg {
  const account = portal.accounts.get(requiredText(body, 'channelAccountId'));
  if (!account || account.channelId !== channel.id)
    throw invalid('Channel account does not exist on this channel');
  if (!account.authorized) throw invalid(`Channel account ${account.id} is not authorized`);
  const direction = requiredText(body, 'messageDirection');
  if (direction !== 'INCOMING' && direction !== 'OUTGOING')
    throw invalid('messageDirection must be INCOMING or OUTGOING');
  requiredText(body, 'text');
  const timestamp = requiredText(body, 'timestamp');
  const at = Date.parse(timestamp);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(timestamp) || Number.isNaN(at))
    throw invalid('timestamp must be an ISO 8601 date and time');
  if (body.attachments === undefined) throw required('attachments');
  const senders = givenParticipants(channel, body.senders, 'senders');
  const recipients = givenParticipants(channel, body.recipients, 'recipients');
  return { account, direction, senders, recipients, at };
}

function givenParticipants(channel: Channel, value: unknown, at: string): GivenParticipant[] {
  if (!Array.isArray(value) || value.length === 0) throw required(at);
  return value.map((one: Record<string, unknown>, index) => ({
    deliveryIdentifier: checkIdentifier(
      channel,
      one.deliveryIdentifier,
      `${at}[${index}].deliveryIdentifier`,
    ),
    name: text(one, 'name'),
    senderActorId: text(one, 'senderActorId'),
  }));
}
const participants = (given: GivenParticipant[], actorId: string): Participant[] =>
  given.map((one) => ({
    actorId: one.senderActorId ?? actorId,
    deliveryIdentifier: one.deliveryIdentifier,
    ...(one.name ? { name: one.name } : {}),
  }));

function contactOf(body: Record<string, unknown>): string | undefined {
  const direct = body.associateWithContactId;
  if (direct !== undefined && direct !== null) {
    if (typeof direct !== 'number') throw invalid('associateWithContactId must be a number');
    return String(direct);
  }
  const resolved = body.preResolvedContacts as { contacts?: { contactVid?: number }[] } | undefined;
  const first = resolved?.contacts?.[0]?.contactVid;
  return first === undefined ? undefined : String(first);
}
