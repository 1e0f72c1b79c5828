/**
 * Writes whose end nobody recorded: the other side has accepted, and its answer never came. Each knows how it is
 * brought about and how one sees that it was neither lost nor done twice.
 */
import { expect } from 'vitest';
import type { Emulator } from '../../playground/kit.ts';
import type { PlatformId } from '../../playground/page/api.ts';
import { type Desk, deskOf } from './desk.ts';
import { type App, type Handset, handset } from './handset.ts';
import { SPOTLESS, tally } from './tally.ts';
import type { Town } from './town.ts';
import { until } from './until.ts';

/** Brings the doubt about; resolves when the other side has accepted. */
export async function provoke(doubt: Doubt, kind: 'accept_then_hang' | 'accept_then_drop'): Promise<void> {
  doubt.emulator.plan('POST', doubt.path, { kind }, 1, doubt.body);
  doubt.act();
  await until('its acceptance', () => doubt.accepted());
}

export interface Doubt {
  emulator: Emulator;
  /** The call in doubt: where, and what is in it (other customers make the same call). */
  path: RegExp;
  body: RegExp;
  /** Does what makes us write. */
  act(): void;
  /** The other side has it. */
  accepted(): boolean;
  /** Resolves when the doubt is over and nothing was lost or doubled; throws otherwise. */
  clears(): Promise<void>;
}

/** Long enough for two look-ups, 10 s apart, behind a time-out of 10 s. */
const CLEARED_MS = 60_000;

/** The customer writes on: what stands before and behind the doubtful message, and how often, is then certain. */
async function standsOnce(desk: Desk, phone: Handset, said: string[]): Promise<void> {
  const last = `${said.at(-1)}: and then?`;
  phone.sends({ text: last });
  const conversation = await until('the message behind it', () => desk.with(last), CLEARED_MS);
  expect(tally([...said, last], conversation.said)).toEqual(SPOTLESS);
  expect(desk.contacts(phone.known)).toHaveLength(1);
  const all = desk.conversations().filter((one) => one.said.some((text) => said.includes(text)));
  expect(all).toHaveLength(1);
}

/** The same for an agent's reply. */
async function gottenOnce(desk: Desk, phone: Handset, conversationId: string, text: string): Promise<void> {
  const last = `${text}: and then?`;
  desk.reply(conversationId, last);
  await until('the reply behind it', () => phone.gotten(last).length > 0, CLEARED_MS);
  expect(
    tally(
      [text, last],
      phone.received().map((message) => message.text ?? ''),
    ),
  ).toEqual(SPOTLESS);
}

interface Known {
  phone: Handset;
  desk: Desk;
  hello: string;
  conversationId: string;
}

/** A customer who has written before. */
export async function known(town: Town, platform: PlatformId, app: App, customer: number): Promise<Known> {
  const phone = handset(town, platform, app, customer);
  const desk = deskOf(town, platform);
  const hello = `Hello from ${customer} by ${app}`;
  phone.sends({ text: hello });
  const { id } = await until('the first message', () => desk.with(hello));
  return { phone, desk, hello, conversationId: id };
}

type NewDoubt = (town: Town, customer: number) => Promise<Doubt>;

/** A new customer's first message, in doubt at this call of the platform's. */
const firstMessage =
  (
    platform: PlatformId,
    path: RegExp,
    accepted: (desk: Desk, phone: Handset, text: string) => boolean,
  ): NewDoubt =>
  async (town, customer) => {
    const phone = handset(town, platform, 'telegram', customer);
    const desk = deskOf(town, platform);
    const text = `First of ${customer}`;
    return {
      emulator: town.emulators[platform],
      path,
      body: new RegExp(`${phone.known}\\b|${text}`),
      act: () => void phone.sends({ text }),
      accepted: () => accepted(desk, phone, text),
      clears: () => standsOnce(desk, phone, [text]),
    };
  };

const intercomReply: NewDoubt = async (town, customer) => {
  const { phone, desk, hello, conversationId } = await known(town, 'intercom', 'telegram', customer);
  const text = `Second of ${customer}`;
  return {
    emulator: town.emulators.intercom,
    path: new RegExp(`/conversations/${conversationId}/reply$`),
    body: new RegExp(text),
    act: () => void phone.sends({ text }),
    accepted: () => desk.with(text) !== undefined,
    clears: () => standsOnce(desk, phone, [hello, text]),
  };
};

const hubspotPublication: NewDoubt = async (town, customer) => {
  const { phone, desk, hello } = await known(town, 'hubspot', 'telegram', customer);
  const text = `Second of ${customer}`;
  const keys = () =>
    town.emulators.hubspot.calls
      .filter((call) => call.method === 'POST' && call.path.endsWith('/messages'))
      .map((call) => JSON.parse(call.body) as { text: string; integrationIdempotencyId: string })
      .filter((body) => body.text === text)
      .map((body) => body.integrationIdempotencyId);
  return {
    emulator: town.emulators.hubspot,
    path: /\/custom-channels\/.+\/messages$/,
    body: new RegExp(`${text}"`),
    act: () => void phone.sends({ text }),
    accepted: () => desk.with(text) !== undefined,
    clears: async () => {
      await standsOnce(desk, phone, [hello, text]);
      expect(keys().length).toBeGreaterThan(1);
      expect(new Set(keys()).size).toBe(1);
    },
  };
};

/** An agent's reply whose provider can be asked, or says by itself, what became of it. */
const reply =
  (platform: PlatformId, app: 'whatsapp' | 'twilio_sms'): NewDoubt =>
  async (town, customer) => {
    const { phone, desk, conversationId } = await known(town, platform, app, customer);
    const text = `Answer to ${customer}`;
    return {
      emulator: app === 'whatsapp' ? town.emulators.meta : town.emulators.twilio,
      path: app === 'whatsapp' ? /\/\d+\/messages$/ : /\/Messages\.json$/,
      // JSON, or a form with plus signs for blanks.
      body: new RegExp(`${text.replaceAll(' ', '.')}(?!:)`),
      act: () => void desk.reply(conversationId, text),
      accepted: () => phone.gotten(text).length === 1,
      clears: async () => {
        await gottenOnce(desk, phone, conversationId, text);
        expect(await desk.resendable(conversationId)).toEqual([]);
      },
    };
  };

export const DOUBTS: { what: string; arrange: NewDoubt }[] = [
  {
    what: 'a contact at Intercom is found, not made twice',
    arrange: firstMessage(
      'intercom',
      /\/contacts$/,
      (desk, phone) => desk.contacts(phone.known).length === 1,
    ),
  },
  {
    what: 'a conversation at Intercom is found, not opened twice',
    arrange: firstMessage(
      'intercom',
      /\/conversations$/,
      (desk, _phone, text) => desk.with(text) !== undefined,
    ),
  },
  { what: 'a message at Intercom is found, not written twice', arrange: intercomReply },
  {
    what: 'a contact at HubSpot is found, not made twice',
    arrange: firstMessage(
      'hubspot',
      /objects\/.*contacts$/,
      (desk, phone) => desk.contacts(phone.known).length === 1,
    ),
  },
  { what: 'a message at HubSpot is published again under the same key', arrange: hubspotPublication },
  { what: 'a reply by WhatsApp is settled by its status', arrange: reply('intercom', 'whatsapp') },
  { what: 'a reply by SMS is settled by Twilio', arrange: reply('hubspot', 'twilio_sms') },
];
