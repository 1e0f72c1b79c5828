/** The Graph API's nodes and edges around WhatsApp; sending is in send.ts. */
import { createHmac } from 'node:crypto';
import type { Request } from 'express';
import { formBody, jsonBody } from '../../kit.ts';
import { multipartBody } from '../../multipart.ts';
import { isLoopback, parsedUrl } from '../wire.ts';
import { MEDIA_RULES } from './content.ts';
import { badToken, GraphError, invalidParameter, noSuchObject, whatsappError } from './errors.ts';
import type { AccessToken, BusinessNumber, Callback, Media, MetaState, Waba } from './state.ts';
import { handshake } from './webhooks.ts';

type Json = Record<string, unknown>;

/** One call, its token already proven. */
export interface GraphCall {
  request: Request;
  state: MetaState;
  token: AccessToken;
  query: URLSearchParams;
  body: Json;
  mediaUrl(media: Media): string;
}

/** Version and slashes stripped: `['1234', 'messages']`. */
export const pathOf = (request: Request): string[] =>
  request.path.split('/').filter((part, at) => part !== '' && !(at === 1 && /^v\d+\.\d+$/.test(part)));

/** Bearer header or `access_token`; app tokens are `app_id|secret`. */
export function authorise(request: Request, query: URLSearchParams, state: MetaState): AccessToken {
  const header = /^(?:Bearer|OAuth) (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const text = header ?? query.get('access_token') ?? '';
  if (text === '')
    throw new GraphError(401, 'An access token is required to request this resource.', {
      type: 'OAuthException',
      code: 104,
    });
  const [appId = '', secret] = text.split('|');
  const token =
    secret !== undefined && state.apps.get(appId)?.secret === secret
      ? { token: text, appId, scopes: [], valid: true }
      : state.tokens.get(text);
  if (!token?.valid) throw badToken();
  checkProof(query.get('appsecret_proof'), token, state);
  return token;
}

function checkProof(proof: string | null, token: AccessToken, state: MetaState): void {
  const secret = state.apps.get(token.appId)?.secret ?? '';
  if (proof !== null && proof !== createHmac('sha256', secret).update(token.token).digest('hex'))
    throw new GraphError(400, 'Invalid appsecret_proof provided in the API argument', {
      type: 'GraphMethodException',
      code: 100,
    });
}

export const bodyOf = (request: Request): Json =>
  (request.headers['content-type'] ?? '').startsWith('application/json')
    ? (jsonBody(request) ?? {})
    : Object.fromEntries(formBody(request));

/** Everything but POST /{number}/messages. */
export async function graphCall(call: GraphCall): Promise<Json> {
  const [id = '', edge, ...more] = pathOf(call.request);
  const method = call.request.method;
  if (id === 'debug_token' && method === 'GET') return debugToken(call);
  if (more.length > 0) throw unknownPath(`${edge}/${more.join('/')}`);
  const number = visibleNumber(call, id);
  const waba = visibleWaba(call, id);
  if (edge === undefined) return node(call, id, number, waba);
  if (number && edge === 'media' && method === 'POST') return upload(call, number);
  if (waba && edge === 'phone_numbers' && method === 'GET')
    return { data: numbersOf(call, waba), paging: {} };
  if (waba && edge === 'subscribed_apps') return subscribedApps(call, waba);
  if (waba && edge === 'message_templates' && method === 'GET') return { data: waba.templates };
  if (call.state.apps.has(id) && edge === 'subscriptions') return appSubscription(call, id);
  if (!number && !waba) throw noSuchObject(id, method);
  throw unknownPath(edge);
}

const unknownPath = (path: string): GraphError =>
  new GraphError(400, `Unknown path components: /${path}`, { type: 'OAuthException', code: 2500 });

const mayUse = ({ token }: GraphCall, wabaId: string): boolean =>
  token.scopes.length > 0 && (token.wabas?.includes(wabaId) ?? true);

export function visibleNumber(call: GraphCall, id: string): BusinessNumber | undefined {
  const number = call.state.numbers.get(id);
  return number && mayUse(call, number.wabaId) ? number : undefined;
}
const visibleWaba = (call: GraphCall, id: string): Waba | undefined =>
  mayUse(call, id) ? call.state.wabas.get(id) : undefined;

async function node(call: GraphCall, id: string, number?: BusinessNumber, waba?: Waba): Promise<Json> {
  const { method } = call.request;
  if (number && method === 'GET') return fieldsOf(call, numberFields(call, number), NUMBER_DEFAULTS);
  if (number && method === 'POST') return setOverride(call, number);
  if (waba && method === 'GET')
    return { id: waba.id, name: waba.name, timezone_id: '1', message_template_namespace: 'x' };
  const media = call.state.media.get(id);
  if (!media || !visibleNumber(call, media.numberId)) throw noSuchObject(id, method);
  const asked = call.query.get('phone_number_id');
  if (asked !== null && asked !== media.numberId) throw noSuchObject(id, method);
  if (method === 'DELETE') return { success: call.state.media.delete(id) };
  return {
    messaging_product: 'whatsapp',
    url: call.mediaUrl(media),
    mime_type: media.contentType,
    sha256: media.sha256.toString('hex'),
    file_size: media.bytes.length,
    id,
  };
}

const NUMBER_DEFAULTS = [
  'verified_name',
  'code_verification_status',
  'display_phone_number',
  'quality_rating',
  'id',
];

function numberFields({ state, token }: GraphCall, number: BusinessNumber): Json {
  const override = number.overrides.get(token.appId)?.url;
  const account = state.waba(number.wabaId).subscriptions.get(token.appId)?.url;
  const application = state.apps.get(token.appId)?.callback?.url;
  return {
    id: number.id,
    display_phone_number: number.phone,
    verified_name: number.name,
    quality_rating: 'GREEN',
    code_verification_status: 'VERIFIED',
    name_status: 'APPROVED',
    status: 'CONNECTED',
    account_mode: 'LIVE',
    platform_type: 'CLOUD_API',
    throughput: { level: 'STANDARD' },
    whatsapp_business_manager_messaging_limit: 'TIER_1K',
    messaging_limit_tier: 'TIER_1K',
    is_official_business_account: false,
    webhook_configuration: {
      ...(override ? { phone_number: override } : {}),
      ...(account ? { whatsapp_business_account: account } : {}),
      ...(application ? { application } : {}),
    },
  };
}

/** `?fields=a,b`; `id` always comes along. */
function fieldsOf({ query }: GraphCall, all: Json, defaults: string[]): Json {
  const asked =
    query
      .get('fields')
      ?.split(',')
      .map((name) => name.trim()) ?? defaults;
  const missing = asked.find((name) => !(name in all));
  if (missing !== undefined)
    throw invalidParameter(
      `Tried accessing nonexisting field (${missing}) on node type (WhatsAppBusinessPhoneNumber)`,
    );
  return Object.fromEntries([...new Set([...asked, 'id'])].map((name) => [name, all[name]]));
}

const numbersOf = (call: GraphCall, waba: Waba): Json[] =>
  [...call.state.numbers.values()]
    .filter((number) => number.wabaId === waba.id)
    .map((number) => fieldsOf(call, numberFields(call, number), NUMBER_DEFAULTS));

async function setOverride(call: GraphCall, number: BusinessNumber): Promise<Json> {
  const wanted = call.body.webhook_configuration as Json | undefined;
  if (!wanted) throw invalidParameter('The parameter webhook_configuration is required.');
  if (wanted.override_callback_uri === '') number.overrides.delete(call.token.appId);
  else number.overrides.set(call.token.appId, await provenCallback(wanted));
  return { success: true };
}

async function subscribedApps(call: GraphCall, waba: Waba): Promise<Json> {
  const { appId } = call.token;
  const { method } = call.request;
  if (method === 'DELETE') return { success: waba.subscriptions.delete(appId) };
  if (method === 'GET')
    return { data: [...waba.subscriptions].map(([id, override]) => subscribed(call, id, override)) };
  const override = call.body.override_callback_uri ? await provenCallback(call.body) : undefined;
  waba.subscriptions.set(appId, override);
  return { success: true };
}

const subscribed = ({ state }: GraphCall, id: string, override: Callback | undefined): Json => ({
  whatsapp_business_api_data: {
    id,
    name: state.apps.get(id)?.name,
    link: `https://www.facebook.com/games/?app_id=${id}`,
  },
  ...(override ? { override_callback_uri: override.url } : {}),
});

/** The app's own URL, as the dashboard sets it: with the app's token only. */
async function appSubscription(call: GraphCall, id: string): Promise<Json> {
  const app = call.state.apps.get(id);
  if (!app || call.token.token !== `${id}|${app.secret}`)
    throw new GraphError(403, '(#15) This method must be called with an app access_token.', {
      type: 'OAuthException',
      code: 15,
    });
  if (call.request.method === 'GET')
    return { data: app.callback ? [{ callback_url: app.callback.url }] : [] };
  const { callback_url: url, verify_token: token } = call.body;
  app.callback = await provenCallback({ override_callback_uri: url, verify_token: token });
  return { success: true };
}

/** https (or this very machine), ≤ 200 characters, and it must answer Meta's challenge right now. */
async function provenCallback(body: Json): Promise<Callback> {
  const url = String(body.override_callback_uri ?? '');
  const verifyToken = String(body.verify_token ?? '');
  const parsed = parsedUrl(url);
  if (!parsed || url.length > 200 || (parsed.protocol !== 'https:' && !isLoopback(parsed)))
    throw invalidParameter(
      'Param override_callback_uri must be a valid HTTPS URI of at most 200 characters.',
    );
  if (verifyToken === '') throw invalidParameter('The parameter verify_token is required.');
  const failure = await handshake({ url, verifyToken });
  if (failure)
    throw new GraphError(400, `(#2200) Callback verification failed with the following errors: ${failure}`, {
      type: 'OAuthException',
      code: 2200,
    });
  return { url, verifyToken };
}

function debugToken({ query, state }: GraphCall): Json {
  const token = state.tokens.get(query.get('input_token') ?? '');
  if (!token?.valid)
    return {
      data: { is_valid: false, scopes: [], error: { code: 190, message: 'Invalid OAuth access token.' } },
    };
  return {
    data: {
      app_id: token.appId,
      application: state.apps.get(token.appId)?.name,
      type: 'SYSTEM_USER',
      is_valid: true,
      expires_at: 0,
      issued_at: 1_767_225_600,
      scopes: token.scopes,
      granular_scopes: token.scopes.map((scope) => ({ scope, target_ids: token.wabas ?? [] })),
      user_id: '122000000000001',
    },
  };
}

/** Multipart with `messaging_product` and `file`. */
async function upload({ request, state }: GraphCall, number: BusinessNumber): Promise<Json> {
  const { fields, files } = await multipartBody(request).catch(() => {
    throw invalidParameter('The parameter file is required.');
  });
  if (fields.messaging_product !== 'whatsapp')
    throw invalidParameter('The parameter messaging_product is required.');
  const file = files.file;
  if (!file || file.bytes.length === 0) throw invalidParameter('The parameter file is required.');
  const declared = fields.type?.includes('/') ? fields.type : file.contentType;
  const type = declared.split(';')[0]?.trim() ?? '';
  const rule = Object.values(MEDIA_RULES).find((one) => one.types.test(type) && one.kind !== 'document');
  if (!rule && /^(image|audio|video)\//.test(type))
    throw invalidParameter(
      `Param file must be a file with one of the following types: audio/aac, audio/mp4, audio/mpeg, audio/amr, audio/ogg, audio/opus, application/pdf, text/plain, image/jpeg, image/png, image/webp, video/mp4, video/3gpp. Received file of type '${type}'.`,
    );
  const max = rule?.max ?? MEDIA_RULES.document?.max ?? 0;
  if (file.bytes.length > max)
    throw whatsappError(131053, `File is too big: at most ${max} bytes for ${type}.`);
  return { id: state.store(number.id, declared, file.bytes, file.name).id };
}
