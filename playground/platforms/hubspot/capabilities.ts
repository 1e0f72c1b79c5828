/** The capabilities of a custom channel: their keys and values. https://developers.hubspot.com/custom-channels-api */
import { invalid } from './api.ts';
import type { Channel, IdentifierType } from './world.ts';

const IDENTIFIERS = ['CHANNEL_SPECIFIC_OPAQUE_ID', 'HS_EMAIL_ADDRESS', 'HS_PHONE_NUMBER', 'HS_SHORT_CODE'];
const RICH_TEXT = ['HYPERLINK', 'TEXT_ALIGNMENT', 'BLOCKQUOTE', 'BOLD', 'ITALIC', 'LISTS'];

const manyOf = (allowed: string[]) => (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && allowed.includes(one));
const bool = (value: unknown) => typeof value === 'boolean';
const whole = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0;

const RULES: Record<string, (value: unknown) => boolean> = {
  deliveryIdentifierTypes: (value) => manyOf(IDENTIFIERS)(value) && (value as unknown[]).length > 0,
  threadingModel: (value) => value === 'INTEGRATION_THREAD_ID' || value === 'DELIVERY_IDENTIFIER',
  richText: manyOf(RICH_TEXT),
  allowInlineImages: bool,
  allowOutgoingMessages: bool,
  allowConversationStart: bool,
  allowMultipleRecipients: bool,
  outgoingAttachmentTypes: manyOf(['FILE']),
  allowedFileAttachmentMimeTypes: (value) =>
    Array.isArray(value) &&
    value.every((one) => typeof one === 'string' && /^[\w.+-]+\/[\w.*+-]+$/.test(one)),
  maxFileAttachmentCount: whole,
  maxFileAttachmentSizeBytes: whole,
  maxTotalFileAttachmentSizeBytes: whole,
};

/** Types must be named, and nothing may be there that HubSpot does not know. */
export function checkCapabilities(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('Invalid input JSON: capabilities must be an object');
  const given = value as Record<string, unknown>;
  const wrong = Object.entries(given).filter(([key, one]) => !RULES[key]?.(one));
  if (given.deliveryIdentifierTypes === undefined) wrong.push(['deliveryIdentifierTypes', null]);
  if (wrong.length > 0)
    throw invalid('Invalid channel capability values', {
      subCategory: 'CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES',
      context: { capabilityKeysAndValues: wrong.map(([key, one]) => `${key}=${JSON.stringify(one)}`) },
    });
  return given;
}

export const allows = (channel: Channel, capability: string): boolean =>
  channel.capabilities[capability] === true;
export const identifierTypes = (channel: Channel): IdentifierType[] =>
  channel.capabilities.deliveryIdentifierTypes as IdentifierType[];
export const threadsByIntegration = (channel: Channel): boolean =>
  channel.capabilities.threadingModel === 'INTEGRATION_THREAD_ID';
