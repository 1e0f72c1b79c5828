import { describe, expect, test } from 'vitest';
import type { StoredFile } from '../../../server/core/message.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import { making } from '../../support/making.ts';
import {
  connectionOf,
  deliveryOf,
  GRAPH,
  graphFailure,
  PHONE_ID,
  storedFile,
  TOKEN,
  whatsApp,
} from './world.ts';

const MESSAGES = `POST ${GRAPH}/v25.0/${PHONE_ID}/messages`;
const accepted = { json: { messages: [{ id: 'wamid.OUT=', message_status: 'accepted' }] } };
const hello = { kind: 'text', text: 'Hello' } as const;

/** What was sent for a delivery that Meta accepted. */
async function bodyOf(delivery: ReturnType<typeof deliveryOf>): Promise<unknown> {
  const io = testIo();
  io.http.queue(MESSAGES, accepted);
  expect(await whatsApp.send(delivery, connectionOf(), io)).toEqual({ outcome: 'sent', id: 'wamid.OUT=' });
  io.http.done();
  return io.http.requests[0]?.json;
}
const withFile = (file: StoredFile, caption?: string) =>
  deliveryOf([{ kind: 'file', file, ...(caption ? { caption } : {}) }], { prepared: { 'upload:0': '170' } });

describe('sending', () => {
  test('a text goes to the number with its plus, with our reference and the token', async () => {
    const io = testIo();
    io.http.queue(MESSAGES, accepted);
    await whatsApp.send(deliveryOf([hello]), connectionOf(), io);
    expect(io.http.requests).toEqual([
      {
        method: 'POST',
        url: `${GRAPH}/v25.0/${PHONE_ID}/messages`,
        headers: { authorization: `Bearer ${TOKEN}` },
        json: {
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          to: '+15550002222',
          biz_opaque_callback_data: 'dlv_1',
          type: 'text',
          text: { body: 'Hello', preview_url: false },
        },
      },
    ]);
  });
  test('somebody without a known number is reached by their user id', async () => {
    const body = await bodyOf(deliveryOf([hello], { thread: 'US.10000000000000000001' }));
    expect(body).toMatchObject({ recipient: 'US.10000000000000000001' });
    expect(body).not.toHaveProperty('to');
  });
  test('a reply names the message it answers', async () => {
    const body = await bodyOf(deliveryOf([hello], { replyTo: 'wamid.QUOTED=' }));
    expect(body).toMatchObject({ context: { message_id: 'wamid.QUOTED=' } });
  });

  test('an agent’s formatting becomes WhatsApp’s marks, unless they make it too long', async () => {
    const styled = { kind: 'text', text: 'now or never', html: '<p><b>now</b> or <i>never</i></p>' } as const;
    expect(await bodyOf(deliveryOf([styled]))).toMatchObject({ text: { body: '*now* or _never_' } });
    const text = 'x'.repeat(4095);
    const tooLong = { kind: 'text', text, html: `<b>${text}</b>` } as const;
    expect(await bodyOf(deliveryOf([tooLong]))).toMatchObject({ text: { body: text } });
  });

  test.each([
    [
      'a photo',
      storedFile('image', 'image/jpeg', 'a.jpg'),
      { type: 'image', image: { id: '170', caption: 'c' } },
    ],
    [
      'a video',
      storedFile('video', 'video/mp4', 'a.mp4'),
      { type: 'video', video: { id: '170', caption: 'c' } },
    ],
    [
      'a document keeps its name',
      storedFile('document', 'application/pdf', 'a.pdf'),
      { type: 'document', document: { id: '170', caption: 'c', filename: 'a.pdf' } },
    ],
    [
      'a sound file has no caption',
      storedFile('audio', 'audio/mpeg', 'a.mp3'),
      { type: 'audio', audio: { id: '170' } },
    ],
    [
      'ogg is shown as a voice message',
      storedFile('voice', 'audio/ogg', 'a.ogg'),
      { type: 'audio', audio: { id: '170', voice: true } },
    ],
    [
      'other sound is not',
      storedFile('voice', 'audio/mpeg', 'a.mp3'),
      { type: 'audio', audio: { id: '170' } },
    ],
    ['a sticker', storedFile('sticker', 'image/webp', 'a.webp'), { type: 'sticker', sticker: { id: '170' } }],
    [
      'an image that WhatsApp cannot show travels as a document',
      storedFile('image', 'image/tiff', 'a.tiff'),
      { type: 'document', document: { id: '170', caption: 'c', filename: 'a.tiff' } },
    ],
  ])('%s', async (_name, file, content) => {
    const body = (await bodyOf(withFile(file, 'c'))) as Record<string, unknown>;
    const { messaging_product, recipient_type, to, biz_opaque_callback_data, ...rest } = body;
    expect(rest).toEqual(content);
  });
  test('a location', async () => {
    const place = { kind: 'location', latitude: 48.2, longitude: 16.37, name: 'Café' } as const;
    expect(await bodyOf(deliveryOf([place]))).toMatchObject({
      type: 'location',
      location: { latitude: '48.2', longitude: '16.37', name: 'Café' },
    });
  });
  test('a contact card', async () => {
    const card = {
      kind: 'contact',
      name: 'Bob',
      phones: ['+15550003333'],
      emails: ['bob@example.com'],
    } as const;
    expect(
      await bodyOf(deliveryOf([{ ...card, phones: [...card.phones], emails: [...card.emails] }])),
    ).toMatchObject({
      type: 'contacts',
      contacts: [
        {
          name: { formatted_name: 'Bob', first_name: 'Bob' },
          phones: [{ phone: '+15550003333' }],
          emails: [{ email: 'bob@example.com' }],
        },
      ],
    });
  });
  test('what WhatsApp has no form for is refused without a call', async () => {
    const io = testIo();
    const edit = deliveryOf([{ kind: 'edit', of: 'wamid.1', text: 'x' }]);
    expect(await whatsApp.send(edit, connectionOf(), io)).toMatchObject({
      outcome: 'refused',
      code: 'unsupported',
    });
    expect(await whatsApp.send(deliveryOf([]), connectionOf(), io)).toMatchObject({ outcome: 'refused' });
    expect(io.http.requests).toEqual([]);
  });
});

describe('uploading, before the send', () => {
  const UPLOAD = `POST ${GRAPH}/v25.0/${PHONE_ID}/media`;
  const delivery = deliveryOf([{ kind: 'file', file: storedFile('image', 'image/png', 'a.png') }]);
  const run = (io: ReturnType<typeof testIo>) => {
    const [step] = whatsApp.prepare?.(delivery, connectionOf(), io) ?? [];
    if (!step) throw new Error('nothing is prepared');
    expect(step.name).toBe('upload:0');
    return step.run({}, making());
  };

  test('a file becomes a media id', async () => {
    const io = testIo();
    io.http.queue(UPLOAD, { json: { id: '170' } });
    expect(await run(io)).toBe('170');
    const form = io.http.requests[0]?.multipart;
    expect(form?.get('messaging_product')).toBe('whatsapp');
    expect(form?.get('type')).toBe('image/png');
    const file = form?.get('file') as File;
    expect([file.name, file.type, await file.text()]).toEqual(['a.png', 'image/png', 'bytes']);
  });
  test('a text prepares nothing', () => {
    expect(whatsApp.prepare?.(deliveryOf([hello]), connectionOf(), testIo())).toEqual([]);
  });
  test('an upload whose end is not known is simply done again', async () => {
    for (const script of [
      new WireError('timed out', false),
      { status: 502, text: 'bad gateway' },
      { json: {} },
    ]) {
      const io = testIo();
      io.http.queue(UPLOAD, script);
      expect(await run(io)).toMatchObject({ outcome: 'retry' });
    }
  });
  test('a refused file is refused for good', async () => {
    const io = testIo();
    io.http.queue(UPLOAD, { status: 400, json: graphFailure(131053) });
    expect(await run(io)).toMatchObject({ outcome: 'refused', code: '131053' });
  });
});

describe('what Meta’s answers mean', () => {
  const outcomeOf = async (answer: Parameters<ReturnType<typeof testIo>['http']['queue']>[1]) => {
    const io = testIo();
    io.http.queue(MESSAGES, answer);
    return await whatsApp.send(deliveryOf([hello]), connectionOf(), io);
  };

  test.each([
    [400, 4, 60_000],
    [400, 80007, 60_000],
    [400, 130429, 2_000],
    [400, 131056, 6_000],
    [400, 133016, 60_000],
    [503, 2, 5_000],
    [500, 131000, 5_000],
    [500, 131016, 10_000],
    [500, 131057, 60_000],
    [503, 133004, 10_000],
    [400, 2494100, 60_000],
  ])('%i with code %i was certainly not accepted: again later', async (status, code, afterMs) => {
    expect(await outcomeOf({ status, json: graphFailure(code) })).toMatchObject({
      outcome: 'retry',
      afterMs,
    });
  });
  test('Meta’s own waiting time beats ours', async () => {
    const answer = { status: 400, headers: { 'retry-after': '30' }, json: graphFailure(130429) };
    expect(await outcomeOf(answer)).toMatchObject({ outcome: 'retry', afterMs: 30_000 });
  });
  test.each([
    [401, 190],
    [401, 0],
    [403, 10],
    [403, 200],
    [403, 299],
    [403, 131005],
    [500, 3],
  ])('%i with code %i stops the channel, not the message', async (status, code) => {
    expect(await outcomeOf({ status, json: graphFailure(code) })).toMatchObject({ outcome: 'unauthorized' });
  });
  test('a phone number that the token no longer sees stops the channel too', async () => {
    const answer = { status: 400, json: graphFailure(100, { subcode: 33 }) };
    expect(await outcomeOf(answer)).toMatchObject({ outcome: 'unauthorized' });
  });
  test.each([
    131047, 131026, 131049, 130472, 131050, 131048, 368, 131031, 130497, 131042, 131037, 131045, 133010,
    133006, 131008, 131009, 131021, 131051, 131052, 131053, 131062, 132000, 132001, 132005, 132007, 132012,
    132015, 132016, 132068, 132069,
  ])('code %i is refused in plain words that name no code and end with the next step', async (code) => {
    const answer = await outcomeOf({ status: 400, json: graphFailure(code, { details: 'Meta says' }) });
    expect(answer).toMatchObject({ outcome: 'refused', code: String(code) });
    expect((answer as { why: string }).why).toMatch(/^[A-Z].*\.$/);
    expect((answer as { why: string }).why).not.toMatch(/Meta says|#/);
  });
  test('a closed window says what to do', async () => {
    expect(await outcomeOf({ status: 400, json: graphFailure(131047) })).toEqual({
      outcome: 'refused',
      code: '131047',
      why: 'The 24-hour window is closed: the customer last wrote more than 24 hours ago. Wait until they write again, or send an approved template.',
    });
  });
  test('an unknown code is refused with what Meta says', async () => {
    expect(
      await outcomeOf({ status: 400, json: graphFailure(100, { details: 'Param text is missing' }) }),
    ).toEqual({
      outcome: 'refused',
      code: '100',
      why: 'WhatsApp refused the message: Param text is missing',
    });
  });
  test.each([
    ['a failure without a known code', { status: 500, json: graphFailure(139999) }],
    ['code 1, which says nothing', { status: 400, json: graphFailure(1) }],
    ['a proxy’s error page', { status: 502, text: '<html>' }],
    ['an acceptance without an id', { json: { messages: [] } }],
  ])('%s may have been accepted: unknown', async (_name, answer) => {
    expect(await outcomeOf(answer)).toMatchObject({ outcome: 'unknown' });
  });
  test('an error inside a 200 is an error', async () => {
    expect(await outcomeOf({ json: graphFailure(131026) })).toMatchObject({
      outcome: 'refused',
      code: '131026',
    });
  });
  test('a wire that breaks is for the relay to judge', async () => {
    await expect(outcomeOf(new WireError('reset', false))).rejects.toThrow(WireError);
  });
});
