/** POST /{phone_number_id}/messages: who may be written to, when, and what the answer looks like. */
import type { Bubble } from './content.ts';
import { contentOf } from './content.ts';
import { GraphError, invalidParameter, whatsappError } from './errors.ts';
import {
  type BusinessNumber,
  type MetaState,
  makeWamid,
  type Outgoing,
  type Thread,
  type WhatsappUser,
} from './state.ts';

type Json = Record<string, unknown>;
const DAY = 24 * 3_600_000;

/** What sending needs of the emulator around it. */
export interface Office {
  state: MetaState;
  now(): number;
  /** Milliseconds until there is room: for the number as a whole, and for this pair. */
  waitForNumber(number: BusinessNumber): number;
  waitForPair(thread: Thread): number;
  /** `answer`: a refusal is the call's own answer; `status`: the call is accepted and fails by webhook. */
  refusals(): 'answer' | 'status';
  accepted(outgoing: Outgoing, refusal: GraphError | undefined): void;
  markedRead(thread: Thread, messageId: string): void;
}

export async function sendMessage(body: Json, number: BusinessNumber, office: Office): Promise<Json> {
  if (body.messaging_product !== 'whatsapp')
    throw invalidParameter('The parameter messaging_product is required.');
  if (body.status !== undefined) return markRead(body, number, office);
  const reference = referenceOf(body);
  const { user, input, byBsuid } = recipientOf(body, number, office.state);
  const thread = office.state.thread(number, user);
  if (office.waitForNumber(number) > 0)
    throw whatsappError(130429, 'Cloud API message throughput has been reached.');
  if (office.waitForPair(thread) > 0)
    throw whatsappError(131056, 'Too many messages sent from this phone number to the same recipient.');
  const replyTo = repliedTo(body, thread);
  const { content, refusal } = await contentOrRefusal(body, number, thread, office);
  if (refusal && office.refusals() === 'answer') throw refusal;
  const outgoing: Outgoing = {
    wamid: makeWamid(),
    thread,
    bubble: {
      id: '',
      direction: 'out',
      at: office.now(),
      files: [],
      status: 'accepted',
      origin: 'api',
      ...content,
      ...(replyTo ? { replyTo } : {}),
    },
    byBsuid,
    template: body.type === 'template',
    ...(reference === undefined ? {} : { reference }),
  };
  outgoing.bubble.id = outgoing.wamid;
  office.accepted(outgoing, refusal);
  const known = byBsuid ? { user_id: user.bsuid } : { wa_id: user.phone.slice(1) };
  return {
    messaging_product: 'whatsapp',
    contacts: [{ input, ...known }],
    messages: [{ id: outgoing.wamid, message_status: 'accepted' }],
  };
}

/** What is wrong with the body is always the answer; what is wrong with the recipient may come by webhook. */
async function contentOrRefusal(
  body: Json,
  number: BusinessNumber,
  thread: Thread,
  office: Office,
): Promise<{ content: Bubble; refusal?: GraphError }> {
  const unreachable = deliverability(body, thread, office.now());
  try {
    const content = await contentOf(body, number, thread, office.state);
    return unreachable ? { content, refusal: unreachable } : { content };
  } catch (error) {
    if (error instanceof GraphError && error.body.code === 131053) return { content: {}, refusal: error };
    throw error;
  }
}

function deliverability(body: Json, { user, lastInboundAt }: Thread, now: number): GraphError | undefined {
  if (!user.onWhatsapp) return whatsappError(131026, 'Message Undeliverable.');
  if (body.type === 'template') return undefined;
  return lastInboundAt !== undefined && now - lastInboundAt < DAY
    ? undefined
    : whatsappError(
        131047,
        'Message failed to send because more than 24 hours have passed since the customer last replied to this number.',
      );
}

function referenceOf(body: Json): string | undefined {
  const value = body.biz_opaque_callback_data;
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > 512)
    throw invalidParameter('Param biz_opaque_callback_data must be at most 512 characters long.');
  return value;
}

/** `to` (a phone, which wins) or `recipient` (a BSUID). A number nobody has is somebody who is not on WhatsApp. */
function recipientOf(
  body: Json,
  number: BusinessNumber,
  state: MetaState,
): { user: WhatsappUser; input: string; byBsuid: boolean } {
  if (typeof body.to === 'string' && body.to !== '') {
    const phone = `+${body.to.replace(/[\s()\-+]/g, '')}`;
    if (!/^\+\d{7,15}$/.test(phone)) throw whatsappError(131009, `(#100) Invalid parameter: to ${body.to}`);
    if (phone === number.phone) throw whatsappError(131021, 'Sender and recipient phone number is the same.');
    const stranger = {
      phone,
      bsuid: `US.0${phone.slice(1)}`,
      name: phone,
      hidesPhone: false,
      onWhatsapp: false,
    };
    return { user: state.user(phone) ?? stranger, input: body.to, byBsuid: false };
  }
  if (typeof body.recipient !== 'string' || body.recipient === '')
    throw invalidParameter('The parameter to is required.');
  const user = state.users.find((one) => one.bsuid === body.recipient);
  if (!user) throw whatsappError(131009, 'The business-scoped user ID is not valid.');
  return { user, input: body.recipient, byBsuid: true };
}

function repliedTo(body: Json, thread: Thread): string | undefined {
  const context = body.context as { message_id?: unknown } | undefined;
  if (!context) return undefined;
  const id = context.message_id;
  if (!thread.bubbles.some((one) => one.id === id))
    throw whatsappError(131009, 'Message ID in context is not valid.');
  return String(id);
}

function markRead(body: Json, number: BusinessNumber, office: Office): Json {
  const id = String(body.message_id ?? '');
  if (body.status !== 'read') throw invalidParameter('Param status must be one of {READ}.');
  const thread = [...office.state.threads.values()].find(
    (one) =>
      one.number.id === number.id && one.bubbles.some((shown) => shown.id === id && shown.direction === 'in'),
  );
  if (!thread) throw whatsappError(131009, 'Message ID is not valid.');
  office.markedRead(thread, id);
  return { success: true };
}
