/** A channel becomes a channel account in one inbox or help desk of the portal. */
import type { HttpResponse } from '../../core/adapter.ts';
import type { ChannelChoice, ChannelFacts } from '../../core/channel-facts.ts';
import { type Attached, accountIdentifier, attachedOf, type DeliveryIdentifier } from './addressing.ts';
import { MEDIA, RegistrationError, registerChannels } from './custom-channels.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { HubspotOptions, Portal } from './portal.ts';
import { type ChannelAccount, channelAccountShape, type Inbox, inboxShape, pageOf } from './shapes.ts';

type Attachment = { ok: true; settings: Record<string, unknown> } | { ok: false; field: string; why: string };

const FIELD = 'settings.inbox_id';

/** Something the admin can read and mend; carried to `attachChannel`, which answers it. */
class NotAttached extends Error {
  readonly field: string;
  constructor(field: string, why: string) {
    super(why);
    this.name = 'NotAttached';
    this.field = field;
  }
}

/**
 * Makes the channel an authorised channel account in `settings.inbox_id`. An account with the same identifier is used
 * again: doubles would stand in the customer's reports as two origins. Throws `WireError` when HubSpot cannot be reached.
 */
export async function attachChannel(
  options: HubspotOptions,
  portal: Portal,
  channel: ChannelFacts,
): Promise<Attachment> {
  try {
    const inbox = chosenInbox(await listInboxes(portal), channel.settings.inbox_id);
    const customChannel = await customChannelOf(options, portal, channel);
    const identifier = accountIdentifier(channel);
    const account = await ensureAccount(portal, channel, customChannel, inbox, identifier);
    const hubspot: Attached = {
      custom_channel_id: customChannel,
      channel_account_id: account.id,
      inbox_id: inbox.id,
      identifier,
    };
    return { ok: true, settings: { inbox_id: inbox.id, inbox_name: inbox.name, hubspot } };
  } catch (error) {
    if (error instanceof NotAttached) return { ok: false, field: error.field, why: error.message };
    if (error instanceof RegistrationError) return { ok: false, field: 'type', why: error.message };
    throw error;
  }
}

/** The inbox or help desk that a channel's conversations go to. */
export async function channelChoices(portal: Portal): Promise<ChannelChoice[] | { refused: string }> {
  try {
    const inboxes = await listInboxes(portal);
    const options = inboxes.map(({ id, name, type }) => ({
      value: id,
      label: type === 'HELP_DESK' ? `${name} (help desk)` : name,
    }));
    const description =
      'Where the conversations of this channel arrive; HubSpot lets nobody change it later.';
    return [{ name: 'inbox_id', title: 'HubSpot inbox', description, options }];
  } catch (error) {
    if (error instanceof NotAttached) return { refused: error.message };
    throw error;
  }
}

/** There is no way to delete an account over the API: without authorisation it takes no messages. Best effort. */
export async function detachChannel(portal: Portal, channel: ChannelFacts): Promise<void> {
  const attached = attachedOf(channel.settings);
  if (!attached) return;
  const path = paths.channelAccount(attached.custom_channel_id, attached.channel_account_id);
  try {
    const response = await portal.call({ method: 'PATCH', path, json: { authorized: false } });
    if (!succeeded(response) && response.status !== 404)
      portal.io.log.warn({ status: response.status }, 'HubSpot refused switching a channel account off');
  } catch (error) {
    portal.io.log.warn({ error: String(error) }, 'HubSpot could not be told that a channel is gone');
  }
}

async function listInboxes(portal: Portal): Promise<Inbox[]> {
  const inboxes: Inbox[] = [];
  let after: string | undefined;
  do {
    const query = { limit: '100', ...(after ? { after } : {}) };
    const response = await portal.call({ method: 'GET', path: paths.inboxes, query });
    accepted(portal, response, 'listing the inboxes');
    const page = pageOf(response.json, inboxShape);
    inboxes.push(...page.results.filter((inbox) => inbox.archived !== true));
    after = page.after;
  } while (after !== undefined);
  return inboxes;
}

function chosenInbox(inboxes: Inbox[], wanted: unknown): Inbox {
  const id = typeof wanted === 'number' ? String(wanted) : wanted;
  const found = inboxes.find((inbox) => inbox.id === id);
  if (found) return found;
  if (inboxes.length === 0)
    throw new NotAttached(FIELD, 'This HubSpot account has no inbox and no help desk yet: make one there.');
  const list = inboxes.map(inboxWords).join(', ');
  throw new NotAttached(
    FIELD,
    id === undefined || id === ''
      ? `Choose the inbox for this channel. This HubSpot account has: ${list}.`
      : `This HubSpot account has no inbox with the id ${String(id)}. It has: ${list}.`,
  );
}

const inboxWords = (inbox: Inbox): string =>
  `${inbox.id} (${inbox.name}${inbox.type === 'HELP_DESK' ? ', help desk' : ''})`;

async function customChannelOf(
  options: HubspotOptions,
  portal: Portal,
  channel: ChannelFacts,
): Promise<string> {
  const known = await options.customChannels.get(channel.medium);
  if (known) return known;
  if (!MEDIA.includes(channel.medium))
    throw new NotAttached('type', `${channel.title} cannot be connected to HubSpot yet.`);
  if (!options.developerApiKey)
    throw new NotAttached(
      'type',
      `The HubSpot app has no custom channel for ${channel.title} yet. Whoever runs Octopods has to run “npm run octopods -- hubspot channels register” once.`,
    );
  const registered = (await registerChannels(options, portal.io))[channel.medium];
  if (!registered) throw new NotAttached('type', `${channel.title} could not be registered at HubSpot.`);
  return registered;
}

async function ensureAccount(
  portal: Portal,
  channel: ChannelFacts,
  customChannel: string,
  inbox: Inbox,
  identifier: DeliveryIdentifier,
): Promise<ChannelAccount> {
  const existing = await findAccount(portal, customChannel, identifier);
  if (existing) return await authorise(portal, channel, customChannel, inbox, existing);
  const response = await portal.call({
    method: 'POST',
    path: paths.channelAccounts(customChannel),
    json: { inboxId: inbox.id, name: channel.name, authorized: true, deliveryIdentifier: identifier },
  });
  if (response.status === 409)
    throw new NotAttached(
      FIELD,
      `HubSpot says that ${channel.name} is connected already, in an account that it does not show us. Remove it in HubSpot under Settings → Inbox & Help Desk → Channels, then try again.`,
    );
  accepted(portal, response, `connecting ${channel.name}`);
  return accountOf(response);
}

async function findAccount(
  portal: Portal,
  customChannel: string,
  identifier: DeliveryIdentifier,
): Promise<ChannelAccount | undefined> {
  const response = await portal.call({
    method: 'GET',
    path: paths.channelAccounts(customChannel),
    query: {
      deliveryIdentifierType: identifier.type,
      deliveryIdentifierValue: identifier.value,
      limit: '100',
    },
  });
  accepted(portal, response, 'looking for the channel account');
  return pageOf(response.json, channelAccountShape).results.find(
    (account) =>
      account.archived !== true &&
      account.deliveryIdentifier?.type === identifier.type &&
      account.deliveryIdentifier.value === identifier.value,
  );
}

async function authorise(
  portal: Portal,
  channel: ChannelFacts,
  customChannel: string,
  inbox: Inbox,
  existing: ChannelAccount,
): Promise<ChannelAccount> {
  if (existing.inboxId !== inbox.id)
    throw new NotAttached(
      FIELD,
      `${channel.name} is already connected to the inbox ${existing.inboxId}, and HubSpot lets no app move it. Choose ${existing.inboxId} here, or move it in HubSpot: Settings → Inbox & Help Desk → Channels → remove ${channel.name}, then add it here again.`,
    );
  const path = paths.channelAccount(customChannel, existing.id);
  const json = { authorized: true, name: channel.name };
  const response = await portal.call({ method: 'PATCH', path, json });
  accepted(portal, response, `connecting ${channel.name} again`);
  return existing;
}

function accountOf(response: HttpResponse): ChannelAccount {
  const account = channelAccountShape.safeParse(response.json);
  if (!account.success) throw new NotAttached(FIELD, 'HubSpot answered without an account. Try again.');
  return account.data;
}

function accepted(portal: Portal, response: HttpResponse, doing: string): void {
  if (!succeeded(response)) throw new NotAttached(FIELD, portal.repeatableRefusal(response, doing).why);
}
