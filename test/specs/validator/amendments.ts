import type { OpenApi } from './openapi.ts';
import type { Schema } from './operation.ts';

/**
 * Where an official description is known to lag behind or to contradict the documentation of its own API. Each row says
 * what and why; what a row allows is described as closely as the documentation does.
 */

type Schemas = Record<string, Schema>;
const schemas = (document: OpenApi): Schemas => document.components?.schemas ?? {};
const propertiesOf = (schema: Schema | undefined): Schemas => {
  if (!schema) throw new Error('An amendment fits nothing any more');
  schema.properties ??= {};
  return schema.properties as Schemas;
};
const id: Schema = { type: 'string', pattern: '^\\d+$' };

/** Meta's description is of v23.0 (November 2025) and was written from examples. */
export function amendMeta(document: OpenApi): void {
  const all = schemas(document);
  const base = all.BaseMessageProperties;
  // https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
  propertiesOf(base).biz_opaque_callback_data = { type: 'string', minLength: 1, maxLength: 512 };
  // Since 2026 a person without a known number is named by a user id:
  // https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
  propertiesOf(base).recipient = { type: 'string', pattern: '^[A-Z]{2}\\.(ENT\\.)?[A-Za-z0-9]{1,128}$' };
  propertiesOf(base).to = { type: 'string', pattern: '^\\+?\\d{5,15}$' };
  propertiesOf(base).messaging_product = { const: 'whatsapp' };
  if (base) base.required = ['messaging_product', 'recipient_type', 'type'];
  if (base) base.oneOf = [{ required: ['to'] }, { required: ['recipient'] }];
  // The media object has no room for what the reference lists beside `id` and `link`:
  // https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/{image,video,document,audio}-messages
  const caption: Schema = { type: 'string', minLength: 1, maxLength: 1024 };
  setMedia(all, 'Image', { caption });
  setMedia(all, 'Video', { caption });
  setMedia(all, 'Document', { caption, filename: { type: 'string', minLength: 1 } });
  setMedia(all, 'Audio', { voice: { type: 'boolean' } });
  amendMetaPaths(document);
}

function setMedia(all: Schemas, name: string, more: Schemas): void {
  const parts = all[`${name}Message`]?.allOf as Schema[] | undefined;
  const part = parts?.find((one) => name.toLowerCase() in ((one.properties as object | undefined) ?? {}));
  propertiesOf(part)[name.toLowerCase()] = {
    type: 'object',
    properties: { id: { type: 'string' }, link: { type: 'string', format: 'uri' }, ...more },
    oneOf: [{ required: ['id'] }, { required: ['link'] }],
  };
}

function amendMetaPaths(document: OpenApi): void {
  const media = document.paths['/{Version}/{Phone-Number-ID}/media']?.post as { requestBody: Schema };
  // The upload needs its fields, among them the type, which the description forgets:
  // https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#upload-media
  media.requestBody = {
    required: true,
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: {
            file: { type: 'string' },
            type: { type: 'string' },
            messaging_product: { const: 'whatsapp' },
          },
          required: ['file', 'messaging_product'],
        },
      },
    },
  };
  // A message without a body is none.
  const messages = document.paths['/{Version}/{Phone-Number-ID}/messages']?.post as { requestBody: Schema };
  messages.requestBody.required = true;
  // Versions and ids have one form, but only some operations say so.
  for (const item of Object.values(document.paths))
    for (const operation of [item, ...Object.values(item)] as { parameters?: Schema[] }[])
      for (const parameter of operation.parameters ?? []) {
        if (parameter.name === 'Version') parameter.schema = { type: 'string', pattern: '^v\\d+\\.\\d+$' };
        if (['Media-ID', 'Phone-Number-ID', 'WABA-ID'].includes(String(parameter.name)))
          parameter.schema = id;
      }
}

const CAPABILITIES: Schema = {
  type: 'object',
  properties: {
    deliveryIdentifierTypes: {
      type: 'array',
      minItems: 1,
      items: { enum: ['CHANNEL_SPECIFIC_OPAQUE_ID', 'HS_PHONE_NUMBER', 'HS_EMAIL_ADDRESS', 'HS_SHORT_CODE'] },
    },
    threadingModel: { enum: ['INTEGRATION_THREAD_ID', 'DELIVERY_IDENTIFIER'] },
    richText: {
      type: 'array',
      items: { enum: ['HYPERLINK', 'TEXT_ALIGNMENT', 'BLOCKQUOTE', 'BOLD', 'ITALIC', 'LISTS'] },
    },
    allowInlineImages: { type: 'boolean' },
    allowOutgoingMessages: { type: 'boolean' },
    allowConversationStart: { type: 'boolean' },
    allowMultipleRecipients: { type: 'boolean' },
    outgoingAttachmentTypes: { type: 'array', items: { const: 'FILE' } },
    allowedFileAttachmentMimeTypes: {
      type: 'array',
      items: { type: 'string', pattern: '^[\\w.+-]+/[\\w.+*-]+$' },
    },
    maxFileAttachmentCount: { type: 'integer', minimum: 0 },
    maxFileAttachmentSizeBytes: { type: 'integer', minimum: 0 },
    maxTotalFileAttachmentSizeBytes: { type: 'integer', minimum: 0 },
  },
};

/** HubSpot's descriptions of 2026-09 (custom channels). */
export function amendHubspot(document: OpenApi): void {
  for (const [path, item] of Object.entries(document.paths)) {
    if (!/^\/conversations\/custom-channels\/[\w-]+(\/\{channelId\})?$/.test(path)) continue;
    for (const operation of Object.values(item) as { parameters?: Schema[] }[]) {
      // Channels belong to the app, not to a portal: they are managed with the developer's key. The generator has
      // dropped that scheme from the description: https://developers.hubspot.com/docs/api-reference/conversations-custom-channels-v3/guide
      operation.parameters = [
        ...(operation.parameters ?? []),
        { name: 'hapikey', in: 'query', required: true, schema: { type: 'string', minLength: 1 } },
        { name: 'appId', in: 'query', required: true, schema: { type: 'integer' } },
      ];
    }
  }
  // An untyped map in the description; the guide lists the keys and refuses others.
  for (const name of ['PublicChannelIntegrationChannelCreate', 'PublicChannelIntegrationChannelPatch']) {
    const schema = schemas(document)[name];
    if (schema) propertiesOf(schema).capabilities = CAPABILITIES;
  }
}

/** Twilio's description gives the format of a URL to fields that are emptied to take the URL away. */
export function amendTwilio(document: OpenApi): void {
  const path = '/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{Sid}.json';
  const update = document.paths[path]?.post as {
    requestBody: { content: Record<string, { schema: Schema }> };
  };
  // https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource#update-an-incomingphonenumber-resource
  if (update)
    propertiesOf(update.requestBody.content['application/x-www-form-urlencoded']?.schema).SmsUrl = {
      anyOf: [{ type: 'string', format: 'uri' }, { const: '' }],
    };
}
