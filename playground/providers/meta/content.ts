/**
 * The body of POST /{phone_number_id}/messages: each message type checked as the Cloud API checks it, answered as the
 * bubble on the phone. https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
 */
import type { FileKind } from '../../../server/core/message.ts';
import type { PhoneFile, PhoneMessage } from '../phone.ts';
import { fetchFile, isLoopback, parsedUrl } from '../wire.ts';
import { invalidParameter, whatsappError } from './errors.ts';
import type { BusinessNumber, MetaState, Template, Thread } from './state.ts';

type Fields = Record<string, unknown>;
export type Bubble = Partial<PhoneMessage>;

const MB = 1024 * 1024;
interface MediaRule {
  kind: FileKind;
  max: number;
  types: RegExp;
  caption: boolean;
}
export const MEDIA_RULES: Record<string, MediaRule> = {
  image: { kind: 'image', max: 5 * MB, types: /^image\/(jpeg|png)$/, caption: true },
  video: { kind: 'video', max: 16 * MB, types: /^video\/(mp4|3gpp)$/, caption: true },
  audio: { kind: 'audio', max: 16 * MB, types: /^audio\/(aac|amr|mpeg|mp4|ogg|opus)$/, caption: false },
  document: { kind: 'document', max: 100 * MB, types: /./, caption: true },
  sticker: { kind: 'sticker', max: 500 * 1024, types: /^image\/webp$/, caption: false },
};

const object = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

function text(value: unknown, name: string, max: number): string {
  if (typeof value !== 'string' || value === '') throw invalidParameter(`The parameter ${name} is required.`);
  if ([...value].length > max)
    throw invalidParameter(`Param ${name} must be at most ${max} characters long.`);
  return value;
}

/** Checks everything but who it goes to; a file by link is fetched here. */
export async function contentOf(
  body: Fields,
  number: BusinessNumber,
  thread: Thread,
  state: MetaState,
): Promise<Bubble> {
  const type = body.type === undefined ? 'text' : String(body.type);
  if (type !== 'contacts' && TYPES.has(type) && !object(body[type]))
    throw invalidParameter(`The parameter ${type} is required.`);
  const content = object(body[type]) ?? {};
  if (type in MEDIA_RULES) return mediaContent(type, content, number, state);
  if (type === 'text') return { text: text(content.body, "text['body']", 4096) };
  if (type === 'location') return placeContent(content);
  if (type === 'contacts') return cardContent(body.contacts);
  if (type === 'reaction') return reactionContent(content, thread);
  if (type === 'interactive') return interactiveContent(content);
  if (type === 'template') return templateContent(content, state.waba(number.wabaId).templates);
  throw whatsappError(131051, `Message type ${type} is unknown.`);
}
const TYPES = new Set([
  ...Object.keys(MEDIA_RULES),
  'text',
  'location',
  'reaction',
  'interactive',
  'template',
]);

async function mediaContent(
  type: string,
  content: Fields,
  number: BusinessNumber,
  state: MetaState,
): Promise<Bubble> {
  const rule = MEDIA_RULES[type] as MediaRule;
  if (content.caption !== undefined && !rule.caption)
    throw invalidParameter(`Unexpected key "caption" on param "${type}".`);
  const caption = content.caption === undefined ? undefined : text(content.caption, 'caption', 1024);
  const { id, link } = content;
  if ((id === undefined) === (link === undefined))
    throw invalidParameter(`Param ${type} must have exactly one of id and link.`);
  const source = id === undefined ? await linked(String(link)) : uploaded(String(id), number, state);
  const contentType = source.contentType.split(';')[0] ?? '';
  if (!rule.types.test(contentType))
    throw whatsappError(131053, `Media of type ${contentType} cannot be sent as ${type}.`);
  if (source.bytes.length > rule.max)
    throw whatsappError(131053, `File is too big for ${type}: at most ${rule.max} bytes.`);
  const kind = type === 'audio' && content.voice === true ? 'voice' : rule.kind;
  const name = typeof content.filename === 'string' ? content.filename : source.name;
  const file: PhoneFile = {
    kind,
    contentType: source.contentType,
    bytes: source.bytes,
    ...(name ? { name } : {}),
  };
  return { files: [file], ...(caption ? { text: caption } : {}) };
}

interface Source {
  contentType: string;
  bytes: Uint8Array;
  name?: string;
}

function uploaded(id: string, number: BusinessNumber, state: MetaState): Source {
  const media = state.media.get(id);
  if (media?.numberId !== number.id)
    throw whatsappError(131009, `Media ID ${id} does not exist or has expired.`);
  return media;
}

async function linked(link: string): Promise<Source> {
  const url = parsedUrl(link);
  if (!url || (url.protocol !== 'https:' && !isLoopback(url)))
    throw invalidParameter('Param link is not a valid URI.');
  const fetched = await fetchFile(link);
  if (fetched?.status !== 200)
    throw whatsappError(
      131053,
      `Downloading media from weblink failed with HTTP code ${fetched?.status ?? 0}.`,
    );
  return { contentType: fetched.contentType, bytes: fetched.bytes };
}

function placeContent(content: Fields): Bubble {
  const latitude = Number(content.latitude);
  const longitude = Number(content.longitude);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude))
    throw invalidParameter('Params latitude and longitude are required.');
  const name = typeof content.name === 'string' ? { name: content.name } : {};
  const address = typeof content.address === 'string' ? { address: content.address } : {};
  return { location: { latitude, longitude, ...name, ...address } };
}

function cardContent(value: unknown): Bubble {
  const card = Array.isArray(value) ? object(value[0]) : undefined;
  const name = text(object(card?.name)?.formatted_name, "contacts['name']['formatted_name']", 1024);
  const listed = (list: unknown, key: string): string[] =>
    Array.isArray(list) ? list.map((one) => String(object(one)?.[key] ?? '')) : [];
  return { contact: { name, phones: listed(card?.phones, 'phone'), emails: listed(card?.emails, 'email') } };
}

function reactionContent(content: Fields, thread: Thread): Bubble {
  const target = thread.bubbles.find((one) => one.id === content.message_id);
  if (!target) throw whatsappError(131009, 'Message ID of the reaction is unknown.');
  const emoji = typeof content.emoji === 'string' ? content.emoji : '';
  if (emoji) target.reaction = emoji;
  else delete target.reaction;
  return { reaction: emoji };
}

function interactiveContent(content: Fields): Bubble {
  const body = text(
    object(content.body)?.text,
    "interactive['body']['text']",
    content.type === 'list' ? 4096 : 1024,
  );
  const action = object(content.action) ?? {};
  if (content.type === 'button') return { text: body, choices: buttons(action.buttons) };
  if (content.type === 'list') return { text: body, choices: rows(action.sections) };
  return { text: body };
}

function buttons(value: unknown): { text: string; payload: string }[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 3)
    throw invalidParameter('Param buttons must have between 1 and 3 elements.');
  return value.map((one) => {
    const answer = object(object(one)?.reply) ?? {};
    return { text: text(answer.title, 'title', 20), payload: text(answer.id, 'id', 256) };
  });
}

function rows(value: unknown): { text: string; payload: string }[] {
  const sections = Array.isArray(value) ? value : [];
  const all = sections.flatMap((one) => (object(one)?.rows as unknown[] | undefined) ?? []);
  if (all.length < 1 || all.length > 10)
    throw invalidParameter('Total row count of a list must be between 1 and 10.');
  return all.map((one) => {
    const row = object(one) ?? {};
    return { text: text(row.title, 'title', 24), payload: text(row.id, 'id', 200) };
  });
}

function templateContent(content: Fields, templates: Template[]): Bubble {
  const name = text(content.name, "template['name']", 512);
  const language = text(object(content.language)?.code, "template['language']['code']", 16);
  const template = templates.find((one) => one.name === name && one.language === language);
  if (template?.status !== 'APPROVED')
    throw whatsappError(132001, `template name (${name}) does not exist in ${language}`);
  const components = Array.isArray(content.components) ? content.components : [];
  const body = components.map(object).find((one) => String(one?.type).toLowerCase() === 'body');
  const values = ((body?.parameters ?? []) as Fields[]).map((one) => String(one.text ?? ''));
  const variables = [...new Set(template.body.match(/\{\{\s*\w+\s*\}\}/g) ?? [])];
  if (values.length !== variables.length)
    throw whatsappError(
      132000,
      `body: number of localizable_params (${values.length}) does not match the expected number of params (${variables.length})`,
    );
  const filled = variables.reduce(
    (all, variable, at) => all.replaceAll(variable, values[at] ?? ''),
    template.body,
  );
  return { text: filled };
}
