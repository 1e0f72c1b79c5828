import type { Operation, Parameter, Schema } from './operation.ts';

/**
 * The few operations that no official description covers, each with the reason and the page that its shape was taken
 * from. Whatever stands neither here nor in a description is a violation.
 */
interface Own {
  api: string;
  method: string;
  template: string;
  reason: string;
  query?: Record<string, Schema>;
  required?: string[];
  body?: Schema;
  types?: string[];
  authorised: boolean;
}

const text: Schema = { type: 'string', minLength: 1 };
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

const OWN: Own[] = [
  {
    api: 'intercom',
    method: 'POST',
    template: '/auth/eagle/token',
    reason:
      'the description leaves OAuth out: https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth',
    body: {
      type: 'object',
      properties: { code: text, client_id: text, client_secret: text },
      required: ['code', 'client_id', 'client_secret'],
    },
    types: [JSON_TYPE, FORM],
    authorised: false,
  },
  {
    api: 'intercom',
    method: 'POST',
    template: '/auth/uninstall',
    reason:
      'the description leaves uninstalling out: https://developers.intercom.com/docs/publish-to-the-app-store/install-and-uninstall',
    body: { type: 'object', maxProperties: 0 },
    types: [JSON_TYPE],
    authorised: true,
  },
  {
    api: 'intercom',
    method: 'POST',
    template: '/app_install/status',
    reason:
      'the description leaves the health check out: https://developers.intercom.com/docs/publish-to-the-app-store/app-health-check',
    body: {
      type: 'object',
      properties: {
        state: { enum: ['OK', 'UNHEALTHY', 'UNKNOWN'] },
        message: { type: 'string', maxLength: 2084 },
        cta_type: { enum: ['URL_CTA', 'REINSTALL_CTA'] },
        cta_label: { type: 'string' },
        cta_url: { type: 'string', maxLength: 2084 },
      },
      required: ['state'],
    },
    types: [JSON_TYPE],
    authorised: true,
  },
  {
    api: 'meta',
    method: 'GET',
    template: '/whatsapp_business/attachments',
    reason:
      'files lie on a host of their own: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#download-media',
    query: { mid: text, ext: { type: 'string', pattern: '^\\d+$' }, hash: text },
    required: ['mid'],
    authorised: true,
  },
  {
    api: 'meta',
    method: 'GET',
    template: '/{Version}/debug_token',
    reason:
      'the description of business messaging leaves token inspection out: https://developers.facebook.com/docs/graph-api/reference/debug_token/',
    query: { input_token: text },
    required: ['input_token'],
    authorised: true,
  },
  {
    api: 'telegram',
    method: 'GET',
    template: '/file/bot{token}/{folder}/{name}',
    reason: 'downloads are no methods: https://core.telegram.org/bots/api#getfile',
    authorised: false,
  },
  {
    api: 'twilio',
    method: 'GET',
    template: '/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}',
    reason:
      'the file itself has the address of its description without “.json”: https://www.twilio.com/docs/messaging/api/media-resource',
    authorised: true,
  },
];

const SIDS: Record<string, string> = {
  AccountSid: '^AC[0-9a-fA-F]{32}$',
  MessageSid: '^(SM|MM)[0-9a-fA-F]{32}$',
  Sid: '^ME[0-9a-fA-F]{32}$',
  Version: '^v\\d+\\.\\d+$',
  token: '^\\d+:[\\w-]+$',
};

export const ownOperations = (api: string): Operation[] =>
  OWN.filter((one) => one.api === api).map((one) => ({
    api,
    method: one.method,
    template: one.template,
    ours: one.reason,
    parameters: [...inPath(one.template), ...inQuery(one)],
    bodies: Object.fromEntries((one.types ?? []).map((type) => [type, one.body ?? {}])),
    bodyRequired: ((one.body?.required as string[] | undefined) ?? []).length > 0,
    authorised: one.authorised,
    resolve: (ref) => {
      throw new Error(`Our own descriptions refer to nothing: ${ref}`);
    },
  }));

const inPath = (template: string): Parameter[] =>
  [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    explode: false,
    schema: { type: 'string', ...(SIDS[name] ? { pattern: SIDS[name] } : {}) },
  }));

const inQuery = ({ query = {}, required = [] }: Own): Parameter[] =>
  Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    explode: true,
    schema,
  }));
