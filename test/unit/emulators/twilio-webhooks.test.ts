import twilioSdk from 'twilio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { samplePng } from '../../../playground/providers/samples.ts';
import { signature } from '../../../playground/providers/twilio/webhooks.ts';
import { TwilioEmulator } from '../../../playground/providers/twilio.ts';
import vectors from '../../fixtures/signature-vectors.json' with { type: 'json' };
import { type Heard, type StandIn, standIn } from './product-stand-in.ts';

const AC = `AC${'0'.repeat(31)}1`;
const OURS = '+15550001111';
const ZOE = '+15550002222';
let twilio: TwilioEmulator;
let product: StandIn;

beforeEach(async () => {
  product = await standIn();
  twilio = await new TwilioEmulator({
    accounts: [{ sid: AC, authToken: 'auth-token' }],
    statusAfterMs: { queued: 2, sent: 10, delivered: 20 },
    webhookRetryMs: 5,
    webhookTimeoutMs: 400,
  }).listen();
  twilio.addNumber(OURS, { smsUrl: `${product.url}/sms?x=a%2Cb` });
});
afterEach(async () => {
  await twilio.close();
  await product.close();
});

const form = (body: string) => Object.fromEntries(new URLSearchParams(body));
const send = async (more: Record<string, string> = {}) => {
  const body = new URLSearchParams({
    To: ZOE,
    From: OURS,
    Body: 'Hi',
    StatusCallback: `${product.url}/status`,
    ...more,
  });
  const headers = { authorization: `Basic ${btoa(`${AC}:auth-token`)}` };
  const response = await fetch(`${twilio.url}/2010-04-01/Accounts/${AC}/Messages.json`, {
    method: 'POST',
    headers,
    body,
  });
  return (await response.json()) as { sid: string };
};
/** In the order in which they were sent: how they arrive is up to the network. */
const statuses = () => twilio.webhooks.map((one) => form(one.body)).filter((one) => one.MessageStatus);
const isSigned = ({ headers, path, body }: Heard) =>
  twilioSdk.validateRequest(
    'auth-token',
    headers['x-twilio-signature'] ?? '',
    product.url + path,
    form(body),
  );

test.each(vectors.twilio.cases)('the signer agrees with values computed elsewhere: $name', (vector) => {
  expect(signature(vector.authToken, vector.url, vector.form as Record<string, string>)).toBe(
    vector.signature,
  );
});

test('a message is a form that the official SDK’s validator accepts, empty fields and non-ASCII included', async () => {
  const said = twilio.customerSends(ZOE, { text: 'héllo & 😀' });
  await twilio.settled();
  const [heard] = product.heard as [Heard];
  expect(heard.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  expect(form(heard.body)).toMatchObject({
    MessageSid: said.id,
    SmsSid: said.id,
    AccountSid: AC,
    From: ZOE,
    To: OURS,
    Body: 'héllo & 😀',
    NumMedia: '0',
    NumSegments: '1',
    SmsStatus: 'received',
    ToState: '',
  });
  expect(isSigned(heard)).toBe(true);
  expect(isSigned({ ...heard, body: `${heard.body}&More=1` })).toBe(false);
});

test('files, cards and places of a handset', async () => {
  twilio.customerSends(ZOE, { photo: { bytes: samplePng() }, text: 'Look' });
  twilio.customerSends(ZOE, { contact: { name: 'Bob X', phones: ['+15557778888'] } });
  twilio.customerSends(ZOE, { location: { latitude: 52.5, longitude: 13.4 } });
  await twilio.settled();
  const heard = product.heard.map((one) => form(one.body));
  const by = (type: string) => heard.find((one) => one.MediaContentType0 === type);
  expect(by('image/png')).toMatchObject({
    NumMedia: '1',
    Body: 'Look',
    MessageSid: expect.stringMatching(/^MM/),
  });
  expect(by('image/png')?.MediaUrl0).toMatch(
    new RegExp(`^${twilio.url}/2010-04-01/Accounts/${AC}/Messages/MM.*/Media/ME`),
  );
  expect(by('text/vcard')).toMatchObject({ NumMedia: '1', Body: '' });
  expect(heard.find((one) => one.NumMedia === '0')?.Body).toContain('52.5,13.4');
});

test.each([{ status: 500 }, { status: 404 }, { status: 429 }, { drop: true }, { hang: true }])(
  'after %j Twilio does not try again: only a failed connection is tried once more',
  async (answer) => {
    product.next.push(answer);
    twilio.customerSends(ZOE, { text: 'Hello' });
    await twilio.settled();
    expect(product.heard).toHaveLength(1);
    expect(twilio.alerts).toMatchObject([{ code: 11200 }]);
  },
);

test('nobody listening: one more try with the same idempotency token, then silence', async () => {
  await product.close();
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  expect(twilio.webhooks.map((one) => one.failure)).toEqual(['connect', 'connect']);
  const tokens = twilio.webhooks.map((one) => one.headers['i-twilio-idempotency-token']);
  expect(tokens[0]).toBeTruthy();
  expect(tokens[1]).toBe(tokens[0]);
  expect(twilio.state.messages).toMatchObject([{ body: 'Hello', status: 'received' }]);
});

test('the URL’s fragment asks for more tries; it is neither sent nor signed', async () => {
  const [number] = twilio.state.numbers;
  if (number) number.smsUrl = `${product.url}/sms#rc=3&rp=5xx,ct`;
  product.next.push({ status: 500 }, { status: 503 });
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  expect(product.heard.map((one) => one.path)).toEqual(['/sms', '/sms', '/sms']);
  expect(product.heard.every(isSigned)).toBe(true);
  product.next.push({ status: 404 });
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  expect(product.heard).toHaveLength(4);
});

test('the fallback URL gets what the first one failed on', async () => {
  const [number] = twilio.state.numbers;
  if (number) number.smsFallbackUrl = `${product.url}/fallback`;
  product.next.push({ status: 500 });
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  const last = product.heard.at(-1) as Heard;
  expect(last.path).toBe('/fallback');
  expect(form(last.body)).toMatchObject({ Body: 'Hello', ErrorCode: '11200' });
  expect(isSigned(last)).toBe(true);
});

test.each([
  ['text/plain', 'OK', ['OK']],
  ['text/xml', '<Response/>', []],
  [
    'text/xml',
    '<?xml version="1.0"?><Response><Message>a &amp; b</Message><Sms>c</Sms></Response>',
    ['a & b', 'c'],
  ],
  ['text/plain', '', []],
])('an answer of %s %j puts %j on the phone', async (contentType, body, shown) => {
  product.next.push({ contentType, body });
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  const replies = twilio.phone(ZOE).messages.filter((one) => one.origin === 'webhook-answer');
  expect(replies.map((one) => one.text)).toEqual(shown);
  expect(twilio.alerts).toEqual([]);
});

test.each([
  ['application/json', '{}', 12300],
  ['text/xml', '<html></html>', 12100],
])('an answer of %s %j is no message but alert %i', async (contentType, body, code) => {
  product.next.push({ contentType, body });
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  expect(twilio.phone(ZOE).messages).toHaveLength(1);
  expect(twilio.alerts).toMatchObject([{ code }]);
});

test('queued, sent and delivered come to the message’s own callback, signed', async () => {
  const { sid } = await send();
  await twilio.settled();
  expect(statuses().map((one) => one.MessageStatus)).toEqual(['queued', 'sent', 'delivered']);
  for (const heard of product.heard) expect(isSigned(heard)).toBe(true);
  expect(statuses()[2]).toMatchObject({
    MessageSid: sid,
    From: OURS,
    To: ZOE,
    RawDlrDoneDate: expect.stringMatching(/^\d{10}$/),
  });
  expect(twilio.phone(ZOE).messages).toMatchObject([{ id: sid, status: 'delivered' }]);
});

test('reorderReceipts: delivered first; the phone stays at delivered', async () => {
  twilio.reorderReceipts = true;
  await send();
  await twilio.settled();
  expect(statuses().map((one) => one.MessageStatus)).toEqual(['delivered', 'sent', 'queued']);
  expect(twilio.phone(ZOE).messages[0]?.status).toBe('delivered');
});

test('an unreachable handset ends in undelivered with its code', async () => {
  twilio.customerUnreachable(ZOE, 30006);
  await send();
  await twilio.settled();
  expect(statuses().at(-1)).toMatchObject({ MessageStatus: 'undelivered', ErrorCode: '30006' });
  expect(twilio.phone(ZOE).messages[0]).toMatchObject({ status: 'undelivered', error: { code: 30006 } });
});

test('a service’s URL wins over its number’s, unless it says otherwise', async () => {
  const service = twilio.addService('Support', [OURS], { inboundRequestUrl: `${product.url}/service` });
  twilio.customerSends(ZOE, { text: 'one' });
  await twilio.settled();
  service.useInboundWebhookOnNumber = true;
  twilio.customerSends(ZOE, { text: 'two' });
  await twilio.settled();
  expect(product.heard.map((one) => one.path)).toEqual(['/service', '/sms?x=a%2Cb']);
  expect(form(product.heard[0]?.body ?? '').MessagingServiceSid).toBe(service.sid);
});

test('STOP reaches the webhook too', async () => {
  twilio.customerSends(ZOE, { text: 'STOP' });
  await twilio.settled();
  expect(form(product.heard[0]?.body ?? '').Body).toBe('STOP');
});

test('duplicateWebhooks posts the same message twice', async () => {
  twilio.duplicateWebhooks = true;
  twilio.customerSends(ZOE, { text: 'Hello' });
  await twilio.settled();
  expect(product.heard).toHaveLength(2);
  expect(product.heard[0]?.body).toBe(product.heard[1]?.body);
});
