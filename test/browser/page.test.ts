import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildExtension, buildPage } from '../../playground/bundle.ts';
import type { PhoneMessage } from '../../playground/page/api.ts';
import { launchChromium } from '../support/chromium.ts';
import { conversation, PageServer, phone, quietSnapshot, thread } from '../support/page-server.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let assets: string;
let chromium: Awaited<ReturnType<typeof launchChromium>>;
let server: PageServer;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  assets = mkdtempSync(join(tmpdir(), 'octopods-page-'));
  [chromium] = await Promise.all([launchChromium(), buildPage(assets), buildExtension(assets)]);
});
afterAll(async () => {
  await chromium.close();
  rmSync(assets, { recursive: true, force: true });
});

beforeEach(async () => {
  server = new PageServer(assets, quietSnapshot());
  page = await chromium.browser.newPage();
  troubles = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (line) => line.type() === 'error' && troubles.push(line.text()));
});
afterEach(async () => {
  await page.close();
  await server.close();
  expect(troubles).toEqual([]);
});

const open = async () => page.goto(await server.listen());
const at = (testId: string) => page.getByTestId(testId);
const asked = (action: string) => server.asked.filter((one) => one.action === action);

describe('the phone', () => {
  test('sends what the customer wrote, with the picture they attached', async () => {
    server.snapshot.phones = [phone()];
    await open();
    await at('phone-input').fill('My parcel arrived damaged');
    await at('phone-attach').setInputFiles({ name: 'parcel.png', mimeType: 'image/png', buffer: PIXEL });
    await page.getByAltText('parcel.png').waitFor();
    await at('phone-send').click();
    await expect
      .poll(() => asked('phone.send').map((one) => one.body))
      .toEqual([
        {
          phoneId: 'phone-1',
          text: 'My parcel arrived damaged',
          files: [{ name: 'parcel.png', contentType: 'image/png', base64: PIXEL.toString('base64') }],
        },
      ]);
    await expect.poll(() => at('phone-input').inputValue()).toBe('');
  });

  test('shows a message the moment it arrives, and tells its sender that it was read', async () => {
    server.snapshot.phones = [phone()];
    await open();
    await at('phone').getByText('Nothing here yet').waitFor();
    const message: PhoneMessage = {
      id: 'm1',
      from: 'business',
      text: 'Hello Anna',
      files: [],
      at: 1,
      status: 'unread',
    };
    server.change((snapshot) => snapshot.phones[0]?.messages.push(message));
    await at('phone-message').getByText('Hello Anna').waitFor();
    await expect
      .poll(() => asked('phone.read'))
      .toEqual([{ action: 'phone.read', body: { phoneId: 'phone-1' } }]);
  });

  test('keeps what was written when it could not be sent, and says why', async () => {
    server.snapshot.phones = [phone()];
    server.answer = ({ action }) =>
      action === 'phone.send'
        ? { status: 503, json: { title: 'Telegram is down', detail: 'Try again.' } }
        : undefined;
    await open();
    await at('phone-input').fill('Hello');
    await at('phone-input').press('Enter');
    await page.getByRole('alert').getByText('Telegram is down: Try again.').waitFor();
    expect(await at('phone-input').inputValue()).toBe('Hello');
    troubles = troubles.filter((line) => !line.includes('503'));
  });
});

describe("Intercom's inbox", () => {
  const canvas = {
    content: {
      components: [
        { type: 'input', id: 'note', label: 'Reason' },
        { type: 'button', id: 'resend:m9', label: 'Resend', action: { type: 'submit' } },
      ],
    },
    stored_data: { page: 'home' },
  };

  test('asks for our card when a conversation is opened, and submits what was typed in it', async () => {
    server.snapshot.intercom.conversations = [conversation()];
    const done = { content: { components: [{ type: 'text', text: 'On its way' }] } };
    server.answer = ({ action }) => ({ json: { canvas: action === 'intercom.card.submit' ? done : canvas } });
    await open();
    await at('canvas').getByLabel('Reason').fill('asked twice');
    await at('canvas').getByText('Resend').click();
    await at('canvas').getByText('On its way').waitFor();
    expect(asked('intercom.card.open')[0]?.body).toEqual({ conversationId: 'c1' });
    expect(asked('intercom.card.submit')[0]?.body).toEqual({
      conversationId: 'c1',
      componentId: 'resend:m9',
      inputValues: { note: 'asked twice' },
      canvas,
    });
  });

  test("an agent's note is sent as a note, by the keyboard alone", async () => {
    server.snapshot.intercom.conversations = [conversation()];
    server.answer = ({ action }) => (action.startsWith('intercom.card') ? { json: { canvas } } : undefined);
    await open();
    await at('reply-or-note-reply').focus();
    await page.keyboard.press('ArrowRight');
    await at('inbox-input').focus();
    await page.keyboard.type('She is a regular');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => asked('intercom.reply')[0]?.body)
      .toEqual({
        conversationId: 'c1',
        text: 'She is a regular',
        files: [],
        note: true,
      });
  });
});

describe('our real HubSpot bundle, in its worker', () => {
  const card = (status: string) => ({
    kind: 'conversation',
    channel: { title: 'WhatsApp', name: 'Support', address: '+1 555 000 1111', status: 'connected' },
    customer: { name: 'Anna Petrov', address: '+1 555 000 2222' },
    messages: [
      { id: 'm9', direction: 'out', excerpt: 'Tomorrow', status, at: 1, canResend: status === 'failed' },
    ],
    consoleUrl: 'https://octopods.test/channels/1',
  });

  test('asks through the proxy for this record, and draws what it is told', async () => {
    server.snapshot.hubspot.threads = [thread()];
    server.answer = () => ({ json: { cards: [card('read')] } });
    await open();
    await at('platform-hubspot').click();
    await at('hubspot-card').getByText('+1 555 000 2222').waitFor();
    expect(await at('status-m9').textContent()).toBe('Read');
    expect(asked('/hubspot/fetch')[0]?.body).toEqual({
      url: 'https://octopods.test/hubspot/extension/card?objectId=101&objectTypeId=0-1',
      method: 'GET',
      timeout: 10_000,
    });
  });

  test('Resend goes the same way, and is said on the page', async () => {
    server.snapshot.hubspot.threads = [thread()];
    server.answer = ({ body }) => {
      const resent = asked('/hubspot/fetch').some((one) => one.body.method === 'POST');
      return { json: body.method === 'POST' ? { ok: true } : { cards: [card(resent ? 'sent' : 'failed')] } };
    };
    await open();
    await at('platform-hubspot').click();
    await at('resend-m9').click();
    await at('toast').getByText('on its way again').waitFor();
    await expect.poll(() => at('status-m9').textContent()).toBe('Sent');
    expect(asked('/hubspot/fetch').find((one) => one.body.method === 'POST')?.body).toEqual({
      url: 'https://octopods.test/hubspot/extension/resend',
      method: 'POST',
      body: { messageId: 'm9' },
      timeout: 10_000,
    });
  });

  test('a bundle that is not there is said, instead of an empty card', async () => {
    server.snapshot.hubspot.threads = [thread()];
    server.snapshot.hubspot.extension.bundleUrl = '/playground/assets/missing.js';
    await open();
    await at('platform-hubspot').click();
    await page.getByText('The extension did not start').waitFor();
    troubles = [];
  });
});

describe('ledger and switches', () => {
  test('a row shows its journey when it is opened', async () => {
    const history = [
      { status: 'queued', at: 1_000 },
      { status: 'failed', at: 1_400, reason: 'The window is closed' },
    ] as const;
    server.snapshot.ledger = [
      {
        id: 'd1',
        at: 1_000,
        direction: 'out',
        app: 'whatsapp',
        platform: 'hubspot',
        status: 'failed',
        history: [...history],
      },
    ];
    await open();
    await at('ledger-row').getByRole('button').click();
    await at('ledger-row').getByText('The window is closed').waitFor();
    await at('ledger-row').getByText('+0.4 s').waitFor();
  });

  test('switches say which system they spoil, and how often', async () => {
    await open();
    await at('fault-system').selectOption('whatsapp');
    await at('fault-hang').click();
    await page.getByText('webhooks twice').click();
    await at('worker-kill').click();
    await expect
      .poll(() => server.asked)
      .toEqual([
        { action: 'fault.next', body: { system: 'whatsapp', fault: 'hang', times: 1 } },
        { action: 'fault.switch', body: { system: 'whatsapp', fault: 'duplicateWebhooks', on: true } },
        { action: 'worker.kill', body: {} },
      ]);
  });

  test('a lost connection to the playground is said', async () => {
    await open();
    await at('worker-state').waitFor();
    await server.close();
    await page.getByRole('alert').getByText('does not answer').waitFor();
    troubles = [];
  });
});

test('on a phone one part is shown at a time, and nothing is wider than the screen', async () => {
  server.snapshot.phones = [phone({ customer: { name: 'Bartholomew '.repeat(8), address: '@b' } })];
  server.snapshot.intercom.conversations = [conversation({ contact: { id: 'k', name: 'x'.repeat(120) } })];
  server.answer = () => ({ json: { canvas: { content: { components: [] } } } });
  await page.setViewportSize({ width: 390, height: 844 });
  await open();
  for (const part of ['phone', 'inbox', 'ledger', 'faults']) {
    await at(`part-of-the-page-${part}`).click();
    expect(await page.locator('.pane:visible').count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  }
});
