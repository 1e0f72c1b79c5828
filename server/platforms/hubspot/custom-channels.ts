/**
 * The app's custom channels: one for each medium, registered once and shared by every portal that installs the app.
 * https://developers.hubspot.com/docs/api-reference/conversations-custom-channels-v3/guide
 */
import type { HttpResponse, Io } from '../../core/adapter.ts';
import { repeatableOutcomeOf, succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { HubspotOptions } from './portal.ts';
import { type CustomChannel, customChannelShape, pageOf } from './shapes.ts';
import { type Api, type ApiCall, hubspotApi } from './transport.ts';

interface Definition {
  medium: string;
  /** As admins read it when they connect a channel, and how we find it again. */
  name: string;
  description: string;
  identifiers: string[];
  mimeTypes: string[];
  /** Files with one message, and the size of each in bytes: what the provider takes. */
  files: number;
  fileSize: number;
}

const MB = 1_000_000;

/** Keep the names: a second channel for one medium would split the customers' reports and workflows. */
const DEFINITIONS: Definition[] = [
  {
    medium: 'telegram',
    name: 'Octopods Telegram',
    description: 'Conversations with customers who write to your Telegram bot.',
    identifiers: ['CHANNEL_SPECIFIC_OPAQUE_ID'],
    mimeTypes: ['image/*', 'video/*', 'audio/*', 'application/*', 'text/*'],
    files: 10,
    fileSize: 25 * MB,
  },
  {
    medium: 'whatsapp',
    name: 'Octopods WhatsApp',
    description: 'Conversations with customers who write to your WhatsApp number.',
    // A customer can hide the number: then there is only a user id.
    identifiers: ['HS_PHONE_NUMBER', 'CHANNEL_SPECIFIC_OPAQUE_ID'],
    mimeTypes: ['image/*', 'video/*', 'audio/*', 'application/*', 'text/*'],
    files: 10,
    fileSize: 25 * MB,
  },
  {
    medium: 'sms',
    name: 'Octopods SMS',
    description: 'Conversations with customers who send text messages to your number.',
    // Short codes and messaging services send without a number of their own.
    identifiers: ['HS_PHONE_NUMBER', 'HS_SHORT_CODE', 'CHANNEL_SPECIFIC_OPAQUE_ID'],
    mimeTypes: ['image/*', 'video/*', 'audio/*', 'application/pdf', 'text/vcard', 'text/calendar'],
    files: 10,
    fileSize: 5 * MB,
  },
];

export const MEDIA = DEFINITIONS.map((one) => one.medium);

/** Missing keys count as off, so all are named. Rich text becomes each channel's own markup. */
function capabilities(definition: Definition): Record<string, unknown> {
  return {
    deliveryIdentifierTypes: definition.identifiers,
    threadingModel: 'DELIVERY_IDENTIFIER',
    richText: definition.medium === 'sms' ? [] : ['HYPERLINK', 'BOLD', 'ITALIC', 'LISTS', 'BLOCKQUOTE'],
    // Pictures come as attachments, whose order and size we can see.
    allowInlineImages: false,
    allowOutgoingMessages: true,
    allowConversationStart: true,
    allowMultipleRecipients: false,
    outgoingAttachmentTypes: ['FILE'],
    allowedFileAttachmentMimeTypes: definition.mimeTypes,
    maxFileAttachmentCount: definition.files,
    maxFileAttachmentSizeBytes: definition.fileSize,
    maxTotalFileAttachmentSizeBytes: definition.fileSize * definition.files,
  };
}

/** The operator's settings or HubSpot stand in the way; the message says which and what to do. */
export class RegistrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RegistrationError';
  }
}

/**
 * Registers what is missing, mends what differs, and answers `{medium: channel id}`; safe to repeat. Needs the app's id
 * and developer API key, which is powerful: keep it to the command line where you can. Throws `RegistrationError`.
 */
export async function registerChannels(options: HubspotOptions, io: Io): Promise<Record<string, string>> {
  const registry = registryOf(options, io);
  const existing = await registry.list();
  const ids: Record<string, string> = {};
  for (const definition of DEFINITIONS) {
    const known = await options.customChannels.get(definition.medium);
    const id = await registry.ensure(definition, find(existing, definition, known));
    await options.customChannels.set(definition.medium, id);
    ids[definition.medium] = id;
  }
  return ids;
}

/** By the id that we stored, else by name: all of them share one webhook URL. */
const find = (
  existing: CustomChannel[],
  definition: Definition,
  known: string | undefined,
): CustomChannel | undefined =>
  existing.find((channel) => channel.id === known) ??
  existing.find((channel) => channel.name === definition.name);

interface Registry {
  list(): Promise<CustomChannel[]>;
  ensure(definition: Definition, existing: CustomChannel | undefined): Promise<string>;
}

function registryOf(options: HubspotOptions, io: Io): Registry {
  const { appId, developerApiKey, webhookUrl } = options;
  if (!appId || !developerApiKey || !webhookUrl)
    throw new RegistrationError(
      'Registering custom channels needs HUBSPOT_APP_ID and HUBSPOT_DEVELOPER_API_KEY (HubSpot: Development → Keys).',
    );
  const api: Api = hubspotApi(options.apiUrl, io);
  const call = async (request: ApiCall, doing: string): Promise<HttpResponse> => {
    const query = { ...request.query, appId };
    const response = await api({ ...request, query }, { developerApiKey });
    if (!succeeded(response)) throw new RegistrationError(repeatableOutcomeOf(response, doing).why);
    return response;
  };
  return {
    list: () => listAll(call),
    ensure: (definition, existing) => ensure(call, definition, webhookUrl, existing),
  };
}

type Call = (request: ApiCall, doing: string) => Promise<HttpResponse>;

async function listAll(call: Call): Promise<CustomChannel[]> {
  const channels: CustomChannel[] = [];
  let after: string | undefined;
  do {
    const response = await call(
      { method: 'GET', path: paths.customChannels, query: { limit: '100', ...(after ? { after } : {}) } },
      'listing the app’s custom channels',
    );
    const page = pageOf(response.json, customChannelShape);
    channels.push(...page.results);
    after = page.after;
  } while (after !== undefined);
  return channels;
}

async function ensure(
  call: Call,
  definition: Definition,
  webhookUrl: string,
  existing: CustomChannel | undefined,
): Promise<string> {
  const wanted = { name: definition.name, webhookUrl, capabilities: capabilities(definition) };
  if (existing && isAsWanted(existing, wanted)) return existing.id;
  const json = { ...wanted, channelDescription: definition.description };
  const doing = `registering the custom channel “${definition.name}”`;
  if (existing) {
    await call({ method: 'PATCH', path: paths.customChannel(existing.id), json }, doing);
    return existing.id;
  }
  const response = await call({ method: 'POST', path: paths.customChannels, json }, doing);
  const made = customChannelShape.safeParse(response.json);
  if (!made.success) throw new RegistrationError(`HubSpot answered without an id while ${doing}.`);
  return made.data.id;
}

/** HubSpot may add keys of its own to the capabilities, and answer lists in its own order. */
const isAsWanted = (
  existing: CustomChannel,
  wanted: { name: string; webhookUrl: string; capabilities: Record<string, unknown> },
): boolean =>
  existing.name === wanted.name &&
  existing.webhookUrl === wanted.webhookUrl &&
  Object.entries(wanted.capabilities).every(
    ([key, value]) => comparable(existing.capabilities?.[key]) === comparable(value),
  );

const comparable = (value: unknown): string | undefined =>
  JSON.stringify(Array.isArray(value) ? value.toSorted() : value);
