/** Every switch of "What if" does what it says, and the bridge does what it promises. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SystemId } from '../../playground/page/api.ts';
import { launchChromium } from '../support/chromium.ts';
import { type RunningPlayground, startPlayground } from '../support/playground.ts';
import { Stage } from '../support/stage.ts';

let playground: RunningPlayground;
let chromium: Awaited<ReturnType<typeof launchChromium>>;
let stage: Stage;

beforeAll(async () => {
  [playground, chromium] = await Promise.all([startPlayground(), launchChromium()]);
  stage = new Stage(await chromium.browser.newPage({ viewport: { width: 1440, height: 900 } }));
  await stage.open(playground.origin);
});
afterAll(async () => {
  await chromium.close();
  expect(await playground.stop()).toBe(0);
});
beforeEach(() => playground.act('fault.clear', {}));
afterEach(() => expect(stage.troubles.splice(0)).toEqual([]));

const armed = async (system: SystemId, fault: string) => {
  await stage.at('fault-system').selectOption(system);
  await stage.at(`fault-${fault}`).click();
  await stage.eventually(() => stage.at(`fault-${fault}`).getAttribute('aria-pressed'), 'true');
};
const wire = async (system: SystemId, direction: 'in' | 'out') =>
  (await playground.state()).wire.filter((call) => call.system === system && call.direction === direction);
const ledgerSays = (words: string) => () =>
  stage.inLedger(words).getByTestId('ledger-status').first().textContent();

describe('the next send', () => {
  test('429: the answer waits as long as it is told, then arrives once', async () => {
    await stage.turnTo('intercom', 'telegram');
    await armed('telegram', '429');
    await stage.agentWrites('Patience is a virtue');
    await stage.onPhone('Patience is a virtue').waitFor();
    expect(await stage.onPhone('Patience is a virtue').count()).toBe(1);
    const sends = (await wire('telegram', 'out')).filter((call) => call.path.endsWith('/sendMessage'));
    expect(sends.slice(0, 2).map((call) => [call.status, call.fault])).toEqual([
      [200, undefined],
      [429, 'as you asked'],
    ]);
    await stage.eventually(() => stage.at('fault-429').getAttribute('aria-pressed'), 'false');
  });

  test('500: nobody knows whether it arrived; the agent is told so, and Resend is offered', async () => {
    await stage.turnTo('intercom', 'telegram');
    await armed('telegram', '500');
    await stage.agentWrites('Did this arrive?');
    await stage.eventually(ledgerSays('Did this arrive?'), 'Unknown');
    await stage.page.locator('[data-kind="note"]').filter({ hasText: 'may have been delivered' }).waitFor();
    expect(await stage.onPhone('Did this arrive?').count()).toBe(0);
    await stage.resend('intercom', 'Did this arrive?');
    await stage.onPhone('Did this arrive?').waitFor();
    await stage.eventually(ledgerSays('Did this arrive?'), 'Sent');
  });

  test('accepted, but never answered: it is recognised by its receipt and not sent twice', async () => {
    await stage.turnTo('hubspot', 'whatsapp');
    await armed('whatsapp', 'hang');
    await stage.agentWrites('One of a kind');
    await stage.onPhone('One of a kind').waitFor();
    await stage.eventually(ledgerSays('One of a kind'), /Delivered|Read/);
    expect(await stage.onPhone('One of a kind').count()).toBe(1);
  });
});

describe('webhooks', () => {
  test('sent twice: the message stands in the inbox once', async () => {
    await stage.turnTo('hubspot', 'sms');
    await stage.turn('fault-duplicate', true);
    const before = (await wire('twilio', 'in')).length;
    await stage.customerWrites('Twice told');
    await stage.inInbox('Twice told').waitFor();
    await stage.eventually(async () => (await wire('twilio', 'in')).length - before, 2);
    expect(await stage.inInbox('Twice told').count()).toBe(1);
    await stage.inLedger('Twice told').first().waitFor();
    expect(await stage.inLedger('Twice told').count()).toBe(1);
  });

  test('receipts out of order: what is read is not taken back', async () => {
    await stage.turnTo('intercom', 'whatsapp');
    await stage.turn('fault-reorder', true);
    await stage.agentWrites('Rising only');
    await stage.onPhone('Rising only').waitFor();
    await stage.eventually(ledgerSays('Rising only'), 'Read');
    const row = (await playground.state()).ledger.find((one) => one.excerpt === 'Rising only');
    expect(row?.history.map((step) => step.status)).not.toContain('failed');
    expect(row?.history.at(-1)?.status).toBe('read');
  });
});

test('the worker is killed while messages come from both sides: all of them arrive, each once', async () => {
  await stage.turnTo('intercom', 'telegram');
  await stage.at('worker-kill').click();
  await stage.eventually(() => stage.at('worker-state').getAttribute('data-state'), 'restarting');
  await stage.customerWrites('Anybody there?');
  await stage.eventually(
    () => stage.onPhone('Anybody there?').getByRole('img').getAttribute('aria-label'),
    /not accepted yet/,
  );
  await stage.agentWrites('Written while it was down');
  await stage.turnTo('intercom', 'whatsapp');
  await stage.customerWrites('Me too');
  await stage.eventually(() => stage.at('worker-state').getAttribute('data-state'), 'running');
  await stage.inInbox('Me too').waitFor();
  expect(await stage.inInbox('Me too').count()).toBe(1);
  await stage.turnTo('intercom', 'telegram');
  await stage.inInbox('Anybody there?').waitFor();
  await stage.onPhone('Written while it was down').waitFor();
  expect(await stage.inInbox('Anybody there?').count()).toBe(1);
  expect(await stage.onPhone('Written while it was down').count()).toBe(1);
  await stage.at('worker-state').getByText('killed once').waitFor();
  // The card's own requests met a worker that was not there: that is what the browser complained of.
  stage.troubles.length = 0;
});
