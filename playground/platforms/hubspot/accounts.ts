/** Channel accounts: the portal's own numbers and bots, made over the API or connected from HubSpot's settings. */
import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import { type ApiCall, ApiError, type Door, invalid, notFound, required, requiredText, text } from './api.ts';
import { identifierTypes } from './capabilities.ts';
import { CHANNEL_BASES, findChannel } from './channels.ts';
import {
  type Channel,
  type ChannelAccount,
  type DeliveryIdentifier,
  iso,
  type Portal,
  type World,
} from './world.ts';

const ANY_SCOPE = ['conversations.custom_channels.read', 'conversations.custom_channels.write'];

export const accountJson = (account: ChannelAccount): Record<string, unknown> => ({
  ...account,
  createdAt: iso(account.createdAt),
});

const E164 = /^\+[1-9]\d{5,14}$/;
/** Types must be among the channel's; phone numbers are E.164 with the plus. */
export function checkIdentifier(channel: Channel, value: unknown, at: string): DeliveryIdentifier {
  const { type, value: name } = (value ?? {}) as Record<string, unknown>;
  if (typeof type !== 'string' || typeof name !== 'string' || name === '') throw required(at);
  const found = identifierTypes(channel).find((one) => one === type);
  if (!found) throw invalid(`${at}: this channel does not support delivery identifiers of type ${type}`);
  if (found === 'HS_PHONE_NUMBER' && !E164.test(name))
    throw invalid(`${at}: ${name} is not a phone number in E.164 format`);
  if (found === 'HS_EMAIL_ADDRESS' && !/^[^@\s]+@[^@\s]+$/.test(name))
    throw invalid(`${at}: not an e-mail address`);
  return { type: found, value: name };
}

export function accountRoutes(world: World, door: Door): void {
  const rules = { scopes: ANY_SCOPE, professional: true };
  for (const base of CHANNEL_BASES) {
    const path = `${base}/:channelId/channel-accounts`;
    door('get', path, rules, (call) => listAccounts(world, call));
    door('post', path, { ...rules, status: 201 }, ({ portal, params, body }) =>
      accountJson(createAccount(world, portal, findChannel(world, params.channelId), body)),
    );
    door('get', `${path}/:accountId`, rules, ({ portal, params }) =>
      accountJson(findAccount(portal, params)),
    );
    door('patch', `${path}/:accountId`, rules, ({ portal, params, body }) => {
      const account = findAccount(portal, params);
      const name = text(body, 'name');
      if (name !== undefined) account.name = name;
      if (body.authorized !== undefined) authorizeAccount(world, portal, account, body.authorized);
      return accountJson(account);
    });
    door('patch', `${base}/:channelId/channel-account-staging-tokens/:token`, rules, (call) =>
      stage(world, call),
    );
  }
}

function findAccount(portal: Portal, params: Record<string, string>): ChannelAccount {
  const account = portal.accounts.get(params.accountId ?? '');
  if (!account || account.channelId !== params.channelId) throw notFound('Channel account does not exist');
  return account;
}

/** Unauthorised accounts are disabled: nothing can be published through them. */
export function authorizeAccount(
  world: World,
  portal: Portal,
  account: ChannelAccount,
  value: unknown,
): void {
  if (typeof value !== 'boolean') throw invalid('authorized must be a boolean');
  account.authorized = value;
  account.active = value;
  accountEvent(world, portal, account, 'CHANNEL_ACCOUNT_UPDATED');
}

function listAccounts(world: World, { portal, params, query }: ApiCall): unknown {
  const channel = findChannel(world, params.channelId);
  const types = query.getAll('deliveryIdentifierType');
  const values = query.getAll('deliveryIdentifierValue');
  const results = [...portal.accounts.values()].filter(
    (one) =>
      one.channelId === channel.id &&
      one.archived === (query.get('archived') === 'true') &&
      (types.length === 0 || types.includes(one.deliveryIdentifier?.type ?? '')) &&
      (values.length === 0 || values.includes(one.deliveryIdentifier?.value ?? '')),
  );
  return { total: results.length, results: results.map(accountJson) };
}

function createAccount(
  world: World,
  portal: Portal,
  channel: Channel,
  body: Record<string, unknown>,
): ChannelAccount {
  const inboxId = requiredText(body, 'inboxId');
  const name = requiredText(body, 'name');
  if (typeof body.authorized !== 'boolean') throw required('authorized');
  if (!portal.inboxes.some((inbox) => inbox.id === inboxId)) throw invalid(`Inbox ${inboxId} does not exist`);
  const identifier =
    body.deliveryIdentifier === undefined
      ? undefined
      : checkIdentifier(channel, body.deliveryIdentifier, 'deliveryIdentifier');
  if (identifier) refuseTaken(portal, channel, identifier);
  const account: ChannelAccount = {
    id: world.nextId(),
    channelId: channel.id,
    inboxId,
    name,
    ...(identifier ? { deliveryIdentifier: identifier } : {}),
    active: body.authorized,
    authorized: body.authorized,
    archived: false,
    createdAt: world.now(),
  };
  portal.accounts.set(account.id, account);
  accountEvent(world, portal, account, 'CHANNEL_ACCOUNT_CREATED');
  return account;
}

function refuseTaken(portal: Portal, channel: Channel, identifier: DeliveryIdentifier): void {
  const taken = [...portal.accounts.values()].some(
    (one) =>
      one.channelId === channel.id &&
      !one.archived &&
      one.deliveryIdentifier?.type === identifier.type &&
      one.deliveryIdentifier.value === identifier.value,
  );
  if (taken)
    throw new ApiError(
      409,
      'CONFLICT',
      `A channel account with the identifier ${identifier.value} already exists`,
    );
}

function stage(world: World, { portal, params, body }: ApiCall): unknown {
  const channel = findChannel(world, params.channelId);
  const staged = world.staging.get(params.token ?? '');
  if (!staged || staged.portalId !== portal.id || staged.channelId !== channel.id)
    throw notFound('Staging token does not exist');
  const identifier = checkIdentifier(channel, body.deliveryIdentifier, 'deliveryIdentifier');
  refuseTaken(portal, channel, identifier);
  Object.assign(staged, { accountName: requiredText(body, 'accountName'), deliveryIdentifier: identifier });
  return {
    accountToken: staged.accountToken,
    createdAt: iso(staged.createdAt),
    genericChannelId: Number(staged.channelId),
    inboxId: Number(staged.inboxId),
    userId: staged.userId,
    accountName: staged.accountName,
    deliveryIdentifier: identifier,
  };
}

function accountEvent(world: World, portal: Portal, account: ChannelAccount, type: string): void {
  world.changed();
  const channel = world.channels.get(account.channelId);
  if (!channel) return;
  world.notify(channel, {
    type,
    portalId: String(portal.id),
    channelId: account.channelId,
    channelAccountId: account.id,
    channelAccountDeliveryIdentifier: account.deliveryIdentifier ?? null,
    authorized: account.authorized,
    eventTimestamp: iso(world.now()),
    eventId: randomUUID(),
  });
}

/** Settings → Channels → Connect: the URL that HubSpot opens, and the page to which the app sends the admin back. */
export function beginConnection(
  world: World,
  portal: Portal,
  channel: Channel,
  inboxId: string,
  userId: number,
): string {
  if (!channel.channelAccountConnectionRedirectUrl) throw new Error('The channel has no connection URL');
  const accountToken = randomUUID();
  const createdAt = world.now();
  world.staging.set(accountToken, {
    accountToken,
    portalId: portal.id,
    channelId: channel.id,
    inboxId,
    userId,
    createdAt,
  });
  const url = new URL(channel.channelAccountConnectionRedirectUrl);
  const back = `${world.baseUrl()}/channels/connected/${accountToken}`;
  const facts = {
    accountToken,
    channelId: channel.id,
    inboxId,
    portalId: String(portal.id),
    redirectUrl: back,
  };
  for (const [name, value] of Object.entries(facts)) url.searchParams.set(name, value);
  return url.toString();
}

export function connectedPage(world: World, app: Express): void {
  // Settings → Integrations → Connected apps: where an install ends.
  app.get('/integrations-settings/:portalId/installed', (_request, response) => {
    response.locals.ownPage = true;
    response.type('text').send('Connected apps');
  });
  app.get('/channels/connected/:token', (request, response) => {
    response.locals.ownPage = true;
    const staged = world.staging.get(request.params.token);
    const portal = staged && world.portals.get(staged.portalId);
    const channel = staged && world.channels.get(staged.channelId);
    if (!staged?.deliveryIdentifier || !portal || !channel) {
      response.status(400).type('text').send('Nothing was connected.');
      return;
    }
    world.staging.delete(staged.accountToken);
    const { inboxId, accountName: name, deliveryIdentifier } = staged;
    createAccount(world, portal, channel, { inboxId, name, deliveryIdentifier, authorized: true });
    response.type('text').send('The channel is connected.');
  });
}
