/** The whole road, seen from outside: phones and inboxes at its ends, nothing of ours but HTTP in between. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import type { CustomerMessage } from '../../playground/providers/phone.ts';
import { sampleOgg, samplePdf, samplePng } from '../../playground/providers/samples.ts';
import { type DeskConversation, deskOf } from '../support/desk.ts';
import { APPS, type App, type Handset, handset } from '../support/handset.ts';
import { openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

vi.setConfig({ maxConcurrency: 12 });

let town: Town;
beforeAll(async () => {
  // Twenty people write at once: HubSpot's allowance of a busy hour would only make them wait.
  town = await openTown({ emulators: { hubspot: { callsPer10s: 2_000, searchesPerSecond: 100 } } });
});
afterAll(() => town.close());

const ROADS = (['intercom', 'hubspot'] as PlatformId[]).flatMap((platform) =>
  APPS.map((app) => ({ platform, app })),
);
let customers = 100;

/** A customer who has written once, and the conversation that came of it. */
async function acquainted(platform: PlatformId, app: App) {
  customers += 1;
  const phone = handset(town, platform, app, customers);
  const desk = deskOf(town, platform);
  const hello = `Hello, this is ${phone.customer} by ${app}`;
  phone.sends({ text: hello });
  const { id } = await until('the first message', () => desk.with(hello));
  const shown = () => desk.conversations().find((one) => one.id === id) as DeskConversation;
  return { phone, desk, id, shown, hello };
}

const PNG = samplePng(64, 48);
/** What a customer sends, and how it is recognised in the inbox. */
const SENT: {
  what: string;
  message: CustomerMessage;
  file?: { type: RegExp; bytes: Uint8Array };
  words?: RegExp;
}[] = [
  {
    what: 'an image with its caption',
    message: { text: 'The broken one', photo: { bytes: PNG, contentType: 'image/png' } },
    file: { type: /^image\/(png|jpeg)/, bytes: PNG },
    words: /The broken one/,
  },
  {
    what: 'a voice message',
    message: { voice: { bytes: sampleOgg() } },
    file: { type: /^audio\/ogg/, bytes: sampleOgg() },
  },
  {
    what: 'a document',
    message: { document: { bytes: samplePdf(), name: 'invoice.pdf' } },
    file: { type: /^application\/pdf/, bytes: samplePdf() },
  },
  { what: 'a place', message: { location: { latitude: 52.52, longitude: 13.405 } }, words: /52\.52/ },
  {
    what: 'a contact card',
    message: { contact: { name: 'Dr. Who', phones: ['+442071234567'] } },
    words: /Who/,
  },
];

describe.each(ROADS)('$app into $platform', ({ platform, app }) => {
  test.concurrent('makes one contact and one conversation, however many messages come', async () => {
    const { phone, desk, id, shown, hello } = await acquainted(platform, app);
    phone.sends({ text: `${hello} again` });
    await until('the second message', () => shown().said.length === 2);
    expect(shown().said).toEqual([hello, `${hello} again`]);
    expect(
      desk
        .conversations()
        .filter((one) => one.contactId === shown().contactId)
        .map((one) => one.id),
    ).toEqual([id]);
    expect(desk.contacts(phone.known)).toHaveLength(1);
  });

  test.concurrent.each(SENT)('$what arrives whole, as what it is', async ({ message, file, words }) => {
    const { phone, shown } = await acquainted(platform, app);
    phone.sends(message);
    await until('what was sent', () => shown().said.length > 1);
    const asFile = file !== undefined || (app === 'twilio_sms' && message.contact !== undefined);
    const given = () =>
      shown()
        .entries.slice(1)
        .flatMap((entry) => entry.files);
    await until('its file', () => given().length === (asFile ? 1 : 0));
    const contents = await Promise.all(given().map(({ url }) => bytesAt(url)));
    if (file) expect(contents).toEqual([Buffer.from(file.bytes)]);
    if (file) expect(given()[0]?.contentType).toMatch(file.type);
    // A handset sends a contact card as a file: its words are inside.
    if (words) expect(JSON.stringify(shown().entries) + contents.join()).toMatch(words);
  });

  test.concurrent('an agent’s text, image and document reach the phone once, in that order', async () => {
    const { phone, desk, id } = await acquainted(platform, app);
    desk.reply(id, 'Here you are');
    await until('the text', () => phone.gotten('Here you are').length > 0);
    desk.reply(id, 'The picture', [{ name: 'map.png', contentType: 'image/png', bytes: PNG }]);
    await until('the picture', () => files(phone).length === 1);
    desk.reply(id, 'The paper', [{ name: 'terms.pdf', contentType: 'application/pdf', bytes: samplePdf() }]);
    await until('the paper', () => files(phone).length === 2);
    expect(files(phone).map((one) => Buffer.from(one.bytes))).toEqual([PNG, samplePdf()]);
    for (const text of ['Here you are', 'The picture', 'The paper'])
      expect(phone.gotten(text)).toHaveLength(1);
  });

  test.concurrent('an internal note stays inside', async () => {
    const { phone, desk, id } = await acquainted(platform, app);
    desk.note(id, 'He is always like that');
    desk.reply(id, 'How can we help?');
    await until('the reply', () => phone.gotten('How can we help?').length > 0);
    await never('the note goes out', () => phone.received().length > 1, 500);
  });
});

describe.each(ROADS)('$app and $platform', ({ platform, app }) => {
  test.concurrent('a customer’s answer to an older message names what it answers', async () => {
    const { phone, desk, id, shown, hello } = await acquainted(platform, app);
    desk.reply(id, 'Red or blue?');
    const asked = await until('the question', () => phone.gotten('Red or blue?')[0]);
    phone.sends({ text: `Blue. ${hello}`, replyTo: asked.id });
    await until('the answer', () => shown().said.length === 2);
    const question = shown().entries.find((one) => one.text === 'Red or blue?')?.id;
    // SMS has no replies: Twilio does not say what was answered.
    if (app === 'twilio_sms') expect(shown().said[1]).toBe(`Blue. ${hello}`);
    else if (platform === 'intercom') expect(shown().said[1]).toMatch(/“Red or blue\?”\s+Blue\. Hello/);
    else expect(answeredInHubspot(`Blue. ${hello}`)).toBe(question);
  });
});

describe.each(APPS)('%s and hubspot', (app) => {
  test.concurrent('an agent’s answer to an older message shows on the phone what it answers', async () => {
    const { phone, id, shown } = await acquainted('hubspot', app);
    const asked = phone.sends({ text: 'Do you ship to Malta?' });
    await until('the question', () => shown().said.length === 2);
    const inReplyToId = shown().entries[1]?.id ?? '';
    town.emulators.hubspot.agentReplies(id, { text: 'We do', inReplyToId });
    const got = await until('the answer', () => phone.received()[0]);
    if (app === 'twilio_sms') expect(got.text).toBe('↪ In reply to “Do you ship to Malta?”\nWe do');
    else expect([got.text, got.replyTo]).toEqual(['We do', asked.id]);
  });
});

test('what bots write in Intercom never goes out, under whichever topic it comes', async () => {
  const { phone, desk, id } = await acquainted('intercom', 'telegram');
  town.emulators.intercom.botReplies(id, { text: 'You will get replies here', partType: 'comment' });
  town.emulators.intercom.botReplies(id, { text: 'Was that helpful?', partType: 'quick_reply' });
  desk.reply(id, 'A person writes');
  await until('the reply', () => phone.gotten('A person writes').length > 0);
  await town.emulators.intercom.settled();
  await never('a bot’s words go out', () => phone.received().length > 1, 500);
});

const files = (phone: Handset) => phone.received().flatMap((message) => message.files);

async function bytesAt(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** `inReplyToId` of the publication of this text. */
function answeredInHubspot(text: string): unknown {
  const bodies = town.emulators.hubspot.calls
    .filter((call) => call.method === 'POST' && call.path.endsWith('/messages'))
    .map((call) => JSON.parse(call.body) as { text: string; inReplyToId?: string });
  return bodies.find((body) => body.text === text)?.inReplyToId;
}
