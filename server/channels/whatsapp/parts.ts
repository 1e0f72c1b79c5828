import type { FileKind, Part } from '../../core/message.ts';
import { cardOf } from './customer.ts';
import { entry, type Json, number, record, records, text } from './json.ts';

/**
 * The content of one message; undefined for a type that we do not know.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
 */
export function partsOf(message: Json): Part[] | undefined {
  const parts = entry(READERS, text(message.type))?.(message);
  return parts && [...parts, ...mentions(message)];
}

const other = (summary: string): Part[] => [{ kind: 'other', summary }];

const READERS: Record<string, (message: Json) => Part[] | undefined> = {
  text: (message) => {
    const body = text(record(message.text)?.body);
    return body === undefined ? undefined : [{ kind: 'text', text: body }];
  },
  image: (message) => file('image', 'an image', message, record(message.image)),
  video: (message) => file('video', 'a video', message, record(message.video)),
  audio: (message) => {
    const audio = record(message.audio);
    return audio?.voice === true
      ? file('voice', 'a voice message', message, audio)
      : file('audio', 'a sound file', message, audio);
  },
  document: (message) => file('document', 'a document', message, record(message.document)),
  sticker: (message) => file('sticker', 'a sticker', message, record(message.sticker)),
  location: (message) => location(record(message.location)),
  contacts: (message) => records(message.contacts).map((card) => ({ kind: 'contact', ...cardOf(card) })),
  reaction: (message) => {
    const reaction = record(message.reaction);
    const to = text(reaction?.message_id);
    return to === undefined ? undefined : [{ kind: 'reaction', to, emoji: text(reaction?.emoji) ?? '' }];
  },
  button: (message) => {
    const button = record(message.button);
    return choice(text(button?.text) ?? text(button?.payload), text(button?.payload));
  },
  interactive: (message) => interactive(record(message.interactive)),
  order: (message) => other(orderSummary(record(message.order))),
  system: (message) => other(systemSummary(record(message.system))),
  unsupported: (message) => other(unsupportedSummary(message)),
  edit: (message) => edit(record(message.edit)),
  revoke: (message) => {
    const of = text(record(message.revoke)?.original_message_id);
    return of === undefined ? undefined : [{ kind: 'deletion', of }];
  },
};

/** A file without an id is one that Meta itself could not take (131052: over 100 MB, or broken). */
function file(kind: FileKind, called: string, message: Json, media: Json | undefined): Part[] {
  const ref = text(media?.id);
  const caption = text(media?.caption);
  if (!ref) {
    const lost = other(`${called} that WhatsApp could not pass on${because(message)}`);
    return caption ? [...lost, { kind: 'text', text: caption }] : lost;
  }
  const name = text(media?.filename);
  // "audio/ogg; codecs=opus": the parameters are of no use to anyone who compares types.
  const contentType = text(media?.mime_type)?.split(';')[0]?.trim();
  return [
    {
      kind: 'file',
      file: { kind, ref, ...(name ? { name } : {}), ...(contentType ? { contentType } : {}) },
      ...(caption ? { caption } : {}),
    },
  ];
}

function location(place: Json | undefined): Part[] {
  const latitude = number(place?.latitude);
  const longitude = number(place?.longitude);
  const name = text(place?.name);
  const address = text(place?.address);
  if (latitude === undefined || longitude === undefined)
    return other(`a location without coordinates${name || address ? `: ${name ?? address}` : ''}`);
  return [
    { kind: 'location', latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) },
  ];
}

const choice = (label: string | undefined, payload: string | undefined): Part[] | undefined =>
  label === undefined ? undefined : [{ kind: 'choice', text: label, ...(payload ? { payload } : {}) }];

function interactive(answer: Json | undefined): Part[] | undefined {
  const type = text(answer?.type);
  const content = record(type === undefined ? undefined : answer?.[type]);
  if (type === 'button_reply' || type === 'list_reply')
    return choice(text(content?.title) ?? text(content?.id), text(content?.id));
  if (type === 'nfm_reply') return form(content);
  if (type === 'call_permission_reply')
    return other(
      `an answer to a request for calls: ${content?.response === 'accept' ? 'allowed' : 'not allowed'}`,
    );
  return undefined;
}

/** A filled-in form (WhatsApp Flow): its answers as lines, so that the agent can read them. */
function form(content: Json | undefined): Part[] {
  const raw = text(content?.response_json);
  const answers = record(parsed(raw)) ?? {};
  const lines = Object.entries(answers)
    .filter(([name]) => name !== 'flow_token')
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const title = `Form answer${content?.body ? `: ${text(content.body)}` : ''}`;
  return [{ kind: 'choice', text: [title, ...lines].join('\n'), ...(raw ? { payload: raw } : {}) }];
}

function parsed(value: string | undefined): unknown {
  try {
    return value === undefined ? undefined : JSON.parse(value);
  } catch {
    return undefined;
  }
}

function orderSummary(order: Json | undefined): string {
  const items = records(order?.product_items).map((item) => {
    const price = text(item.item_price);
    const each = price ? ` at ${price} ${text(item.currency) ?? ''}`.trimEnd() : '';
    return `${text(item.quantity) ?? '1'} × ${text(item.product_retailer_id) ?? 'a product'}${each}`;
  });
  const note = text(order?.text);
  return `an order: ${items.join(', ') || 'no products'}${note ? ` (“${note}”)` : ''}`;
}

function systemSummary(system: Json | undefined): string {
  const said = text(system?.body);
  if (said) return `a notice of WhatsApp: ${said}`;
  const moved = text(system?.wa_id);
  return moved
    ? `the customer changed their number to +${moved}`
    : 'the customer changed their WhatsApp account';
}

const UNSUPPORTED: Record<string, string> = {
  // Outside coexistence WhatsApp says neither which message was edited nor its new text.
  edit: 'an edited message (WhatsApp does not pass on the new text: ask the customer to send it again)',
  poll: 'a poll',
  button: 'a message with buttons',
  list: 'a message with a list',
  revoke: 'a deleted message',
};

function unsupportedSummary(message: Json): string {
  const type = text(record(message.unsupported)?.type);
  const named = entry(UNSUPPORTED, type);
  if (named) return named;
  return `a message that WhatsApp does not pass on${type ? ` (${type})` : ''}${because(message)}`;
}

function because(message: Json): string {
  const [error] = records(message.errors);
  const details = text(record(error?.error_data)?.details) ?? text(error?.title) ?? text(error?.message);
  return details ? `: ${details}` : '';
}

function edit(change: Json | undefined): Part[] | undefined {
  const of = text(change?.original_message_id);
  const message = record(change?.message);
  if (of === undefined || !message) return undefined;
  const media = record(message[text(message.type) ?? '']);
  return [{ kind: 'edit', of, text: text(media?.body) ?? text(media?.caption) ?? '' }];
}

/** What a message says beside its content: the ad it came from, the product it asks about. */
function mentions(message: Json): Part[] {
  const referral = record(message.referral);
  const product = record(record(message.context)?.referred_product);
  const found: Part[] = [];
  if (referral) {
    const words = [text(referral.headline) ?? text(referral.body), text(referral.source_url)].filter(Boolean);
    found.push({ kind: 'other', summary: ['this in answer to an ad', ...words].join(': ') });
  }
  if (product)
    found.push({
      kind: 'other',
      summary: `this about the product ${text(product.product_retailer_id) ?? 'in the catalogue'}`,
    });
  return found;
}
