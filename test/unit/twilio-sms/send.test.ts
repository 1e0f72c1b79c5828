import { describe, expect, it } from 'vitest';
import { fit } from '../../../server/core/fit.ts';
import { type Outcome, WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import {
  ACCOUNT,
  AUTH_TOKEN,
  BASIC,
  CUSTOMER,
  connection,
  delivery,
  HOOK,
  image,
  NUMBER,
  SERVICE,
  serviceConnection,
  twilioSms,
} from './world.ts';

const created: Answer = { status: 201, json: { sid: 'SM1', status: 'queued' } };
const text = { kind: 'text' as const, text: 'hello & bye' };

async function send(answer: Answer | Error, message = delivery([text]), through = connection) {
  const io = testIo();
  io.http.queue(`POST ${ACCOUNT}/Messages.json`, answer);
  const outcome = await twilioSms.send(message, through, io);
  io.http.done();
  const [request] = io.http.requests;
  return { outcome, request, form: [...(request?.form ?? [])] };
}

describe('a message', () => {
  it('is a form with our reference in the address for its statuses', async () => {
    const { outcome, request, form } = await send(created);
    expect(outcome).toEqual({ outcome: 'sent', id: 'SM1' });
    expect(request?.headers).toEqual({ authorization: BASIC });
    expect(form).toEqual([
      ['To', CUSTOMER],
      ['From', NUMBER],
      ['Body', 'hello & bye'],
      ['StatusCallback', `${HOOK}?delivery=dlv_1`],
    ]);
  });

  it('goes through the Messaging Service where there is one', async () => {
    const { form } = await send(created, delivery([text]), serviceConnection);
    expect(form).toContainEqual(['MessagingServiceSid', SERVICE]);
    expect(form.map(([key]) => key)).not.toContain('From');
  });

  it('names its files by our own links, beside its text or alone', async () => {
    const { form } = await send(created, delivery([text, image('a.jpg'), image('b.jpg')]));
    expect(form).toContainEqual(['Body', 'hello & bye']);
    expect(form.filter(([key]) => key === 'MediaUrl')).toEqual([
      ['MediaUrl', 'https://octopods.example/media/a.jpg'],
      ['MediaUrl', 'https://octopods.example/media/b.jpg'],
    ]);
    expect((await send(created, delivery([image('a.jpg')]))).form.map(([key]) => key)).not.toContain('Body');
  });

  it('is fitted to one call of up to 1,600 characters and ten files', () => {
    const files = Array.from({ length: 11 }, (_, index) => image(`${index}.jpg`));
    const fitted = fit([{ kind: 'text', text: 'x'.repeat(1601) }, ...files], twilioSms.can, { opens: false });
    expect('calls' in fitted && fitted.calls.map((call) => call.length)).toEqual([1, 11, 1]);
  });
});

describe('what Twilio refuses', () => {
  const no = (status: number, code: number, headers = {}): Answer => ({
    status,
    headers,
    json: { code, message: 'Said Twilio', more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  });
  const outcomeOf = async (answer: Answer): Promise<Outcome> => (await send(answer)).outcome;

  it.each([
    [21211, /no number that can receive SMS/],
    [21212, /sender/],
    [21214, /no number/],
    [21217, /no number/],
    [21408, /Geo permissions/],
    [21601, /sender/],
    [21602, /empty/],
    [21603, /sender/],
    [21604, /no number/],
    [21606, /sender/],
    [21608, /trial/],
    [21610, /opted out.*START/],
    [21612, /could not be reached/],
    [21614, /no mobile number/],
    [21617, /1,600/],
    [21620, /file/],
    [21621, /MMS/],
    [21623, /at most ten/],
    [21656, /variables/],
    [21703, /sender/],
    [21704, /sender/],
    [30004, /blocked/],
    [30007, /filtered/],
    [30034, /not registered/],
    [63038, /daily limit/],
    [29999, /Said Twilio.*29999/],
  ])('%i: for good, with the reason', async (code, why) => {
    expect(await outcomeOf(no(400, code))).toEqual({
      outcome: 'refused',
      code: String(code),
      why: expect.stringMatching(why),
    });
  });

  it.each([
    [401, 20003],
    [403, 20003],
    [404, 20404],
    [403, 10001],
    [403, 20005],
  ])('%i with %i: the account no longer lets us in', async (status, code) => {
    expect((await outcomeOf(no(status, code))).outcome).toBe('unauthorized');
  });

  it.each([
    [429, 20429, {}, 1_000],
    [429, 20429, { 'retry-after': '7' }, 7_000],
    [400, 21611, {}, 60_000],
    [400, 14107, {}, 30_000],
    [429, 63018, {}, 10_000],
  ])('%i with %i %j: later', async (status, code, headers, afterMs) => {
    expect(await outcomeOf(no(status, code, headers))).toMatchObject({ outcome: 'retry', afterMs });
  });

  it('a refusal at the door is tried again; a failure behind it may have sent it', async () => {
    expect((await outcomeOf({ status: 503, text: 'busy' })).outcome).toBe('retry');
    expect((await outcomeOf({ status: 429, text: '' })).outcome).toBe('retry');
    expect((await outcomeOf({ status: 500, json: { code: 20500, message: 'x', status: 500 } })).outcome).toBe(
      'unknown',
    );
    expect((await outcomeOf({ status: 502, text: '<html>' })).outcome).toBe('unknown');
    expect((await outcomeOf({ status: 201, text: '{}' })).outcome).toBe('unknown');
  });

  it('a failure of the wire passes through, without the token', async () => {
    const failure = await send(new WireError('timeout', false)).catch((error) => error);
    expect(failure).toBeInstanceOf(WireError);
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain(AUTH_TOKEN);
  });
});
