/** What a person does on the page: at a phone, in an inbox, at a switch. */
import { z } from 'zod';
import type { ActionName, Actions, Canvas, Upload } from '../page/api.ts';
import type { CardAnswer } from '../platforms/intercom.ts';
import type { Chat } from './chats.ts';
import { Refused, wordsOf } from './http.ts';
import { AGENT } from './hubspot-portal.ts';
import { bytesOf, customerWrites } from './phones.ts';
import type { Town } from './town.ts';

const upload = z.object({ name: z.string().min(1), contentType: z.string().min(1), base64: z.base64() });
const phoneId = z.string();
const reply = z.object({
  conversationId: z.string(),
  text: z.string(),
  files: z.array(upload),
  note: z.boolean(),
});
const system = z.enum(['telegram', 'whatsapp', 'twilio', 'intercom', 'hubspot']);

const BODIES: { [Name in ActionName]: z.ZodType<Actions[Name]['body']> } = {
  'phone.send': z.object({ phoneId, text: z.string(), files: z.array(upload) }),
  'phone.read': z.object({ phoneId }),
  'phone.obstacle': z.object({ phoneId, on: z.boolean() }),
  'intercom.reply': reply,
  'intercom.card.open': z.object({ conversationId: z.string() }),
  'intercom.card.submit': z.object({
    conversationId: z.string(),
    componentId: z.string(),
    inputValues: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    canvas: z.custom<Canvas>((value) => typeof value === 'object' && value !== null),
  }),
  'hubspot.reply': reply,
  'fault.next': z.object({
    system,
    fault: z.enum(['429', '500', 'hang']),
    times: z.number().int().min(0).max(20),
  }),
  'fault.switch': z.object({
    system,
    fault: z.enum(['duplicateWebhooks', 'reorderReceipts']),
    on: z.boolean(),
  }),
  'fault.clear': z.object({}),
  'worker.kill': z.object({}),
};

/** What does nothing but change the world answers nothing: the page sees it in the next snapshot. */
type Handlers = { [Name in ActionName]: (body: Actions[Name]['body']) => unknown };

const handlers = ({ emulators, chats, faults, worker }: Town): Handlers => ({
  'phone.send': (body) => customerWrites(chatOf(chats, body.phoneId), body.text, body.files),
  'phone.read': (body) => chatOf(chats, body.phoneId).read(),
  'phone.obstacle': (body) => chatOf(chats, body.phoneId).obstacle.put(body.on),
  'intercom.reply': ({ conversationId, text, files, note }) =>
    said(text, files, () =>
      emulators.intercom.agentReplies(conversationId, {
        ...(text === '' ? {} : { text }),
        attachments: files.map(fileOf),
        ...(note ? { as: 'note' } : {}),
      }),
    ),
  'intercom.card.open': async (body) => drawn(await emulators.intercom.openCard(body.conversationId)),
  'intercom.card.submit': async ({ conversationId, componentId, inputValues }) =>
    drawn(await emulators.intercom.submitCard(conversationId, componentId, inputValues)),
  'hubspot.reply': ({ conversationId, text, files, note }) =>
    said(text, files, () =>
      emulators.hubspot.agentReplies(conversationId, {
        text,
        files: files.map(fileOf),
        comment: note,
        userId: AGENT,
      }),
    ),
  'fault.next': (body) => faults.plan(body.system, body.fault, body.times),
  'fault.switch': (body) => faults.turn(body.system, body.fault, body.on),
  'fault.clear': () => faults.clear(),
  'worker.kill': () => worker.kill(),
});

const isAction = (name: string): name is ActionName => Object.hasOwn(BODIES, name);

/** Answers what `Actions[name].answer` says; throws `Refused` in plain words. `body`: parsed JSON, not yet trusted. */
export async function doAction(town: Town, name: string, body: unknown): Promise<object> {
  if (!isAction(name)) throw new Refused(404, `There is no action “${name}”`);
  const parsed = BODIES[name].safeParse(body);
  if (!parsed.success) throw new Refused(422, 'This cannot be done', z.prettifyError(parsed.error));
  // The name has chosen the body's schema: the two belong together.
  const handle = handlers(town)[name] as (body: unknown) => unknown;
  return ((await handle(parsed.data)) ?? {}) as object;
}

function chatOf(chats: Chat[], id: string): Chat {
  const chat = chats.find((one) => one.id === id);
  if (!chat) throw new Refused(404, 'There is no such phone');
  return chat;
}

const fileOf = (file: Upload) => ({
  name: file.name,
  contentType: file.contentType,
  bytes: bytesOf(file),
});

/** What an inbox refuses (a file that the channel does not take), it says in a sentence. */
function said(text: string, files: Upload[], write: () => unknown): void {
  if (text === '' && files.length === 0) throw new Refused(422, 'There is nothing to send');
  try {
    write();
  } catch (error) {
    throw new Refused(422, wordsOf(error));
  }
}

function drawn(answer: CardAnswer): { canvas: Canvas } {
  if (answer.ok) return { canvas: answer.canvas as unknown as Canvas };
  const detail = answer.status === 0 ? 'Octopods did not answer.' : answer.why;
  throw new Refused(502, 'Intercom could not show the card', detail);
}
