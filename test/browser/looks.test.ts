/**
 * Every state of the page as a picture in test/screenshots/, to be looked at; scripts/screenshots.ts takes the README's
 * from there. What a machine can see of a look is checked here: nothing is wider than the screen, nothing complains.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildExtension, buildPage } from '../../playground/bundle.ts';
import { launchChromium } from '../support/chromium.ts';
import { draw } from '../support/drawings.ts';
import { conversation, PageServer, phone, quietSnapshot } from '../support/page-server.ts';
import { type RunningPlayground, startPlayground } from '../support/playground.ts';
import { type Picture, Stage } from '../support/stage.ts';

const FOLDER = fileURLToPath(new URL('../screenshots/', import.meta.url));
const DESKTOP = { width: 1440, height: 960 };
const HANDSET = { width: 375, height: 812 };

let chromium: Awaited<ReturnType<typeof launchChromium>>;
let stage: Stage;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  chromium = await launchChromium();
  stage = new Stage(await chromium.browser.newPage({ viewport: DESKTOP, deviceScaleFactor: 1.5 }));
});
afterAll(() => chromium.close());
afterEach(() => expect(stage.troubles.splice(0)).toEqual([]));

async function picture(name: string, schemes: ('light' | 'dark')[] = ['light']): Promise<void> {
  for (const colorScheme of schemes) {
    await stage.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { width } = stage.page.viewportSize() ?? DESKTOP;
    expect(await stage.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const file = schemes.length > 1 ? `${name}-${colorScheme}` : name;
    await stage.page.screenshot({ path: `${FOLDER}${file}.png`, animations: 'disabled' });
  }
}

describe('at work', () => {
  let playground: RunningPlayground;
  let drawings: { parcel: Picture; plan: Picture };

  beforeAll(async () => {
    playground = await startPlayground();
    drawings = await draw(chromium.browser);
    await stage.open(playground.origin);
  });
  afterAll(async () => {
    expect(await playground.stop()).toBe(0);
  });

  test('a conversation in Intercom', async () => {
    await stage.turnTo('intercom', 'whatsapp');
    await stage.agentWrites('Good morning, Ben! Of course: where should it go?');
    await stage.onPhone('where should it go?').waitFor();
    await stage.customerWrites(
      'To our office: 5 Harbour Road. The last parcel came like this…',
      drawings.parcel,
    );
    await stage.pictureIn(stage.inInbox('5 Harbour Road'));
    await stage.agentWrites('Oh no. We send a new one there today, with the courier.');
    await stage.onPhone('We send a new one').waitFor();
    await stage.eventually(() => stage.cardSays('intercom', 'We send a new one'), /Read/);
    await stage.inLedger('We send a new one').getByText('Read').waitFor();
    await picture('intercom', ['light', 'dark']);
  });

  test('a conversation in HubSpot', async () => {
    await stage.turnTo('hubspot', 'whatsapp');
    await stage.agentWrites('Hello Ben, I can: Ada, from the sales team. How is the room cut?');
    await stage.onPhone('How is the room cut?').waitFor();
    await stage.customerWrites('Like this, and we move in on the 1st', drawings.plan);
    await stage.pictureIn(stage.inInbox('we move in on the 1st'));
    await stage.agentWrites('Then twelve “Fjord” fit. You have our offer by noon.');
    await stage.onPhone('You have our offer by noon').waitFor();
    await stage.eventually(() => stage.cardSays('hubspot', 'Then twelve'), /Read/);
    await stage.inLedger('Then twelve').getByText('Read').waitFor();
    await picture('hubspot', ['light', 'dark']);
    await stage.at('record-tab-card').click();
    await stage.page.locator('.record-tab').getByText('Read').first().waitFor();
    await picture('hubspot-tab');
    await stage.at('record-tab-conversation').click();
  });

  test('an answer that failed in HubSpot', async () => {
    await stage.turnTo('hubspot', 'sms');
    await stage.turn('phone-obstacle', true);
    await stage.agentWrites('Hello Cara, may I call you at three?');
    await stage.eventually(() => stage.cardSays('hubspot', 'may I call you'), /not delivered/i);
    await picture('hubspot-failed', ['light', 'dark']);
    await stage.turn('phone-obstacle', false);
  });

  test('an answer that failed in Intercom, and one that nobody knows about', async () => {
    await stage.turnTo('intercom', 'whatsapp');
    await stage.turn('phone-obstacle', true);
    await stage.agentWrites('One more thing: the courier rings twice.');
    await stage.page.locator('[data-kind="note"]').first().waitFor();
    await stage.eventually(() => stage.cardSays('intercom', 'One more thing'), /not delivered/i);
    await picture('intercom-failed', ['light', 'dark']);
    await stage.turnTo('intercom', 'telegram');
    await stage.at('fault-500').click();
    await stage.eventually(() => stage.at('fault-500').getAttribute('aria-pressed'), 'true');
    await picture('fault-armed');
    await stage.agentWrites('We are looking for it, Ann.');
    await stage.eventually(() => stage.cardSays('intercom', 'We are looking'), /perhaps/i);
    await picture('intercom-unknown');
  });

  test('the ledger: one journey, what needs attention, the wire', async () => {
    await stage.at('ledger-row').first().getByRole('button').click();
    await picture('ledger-journey');
    await stage.at('ledger-view-trouble').click();
    await picture('ledger-attention');
    await stage.at('ledger-view-wire').click();
    await picture('ledger-wire', ['light', 'dark']);
    await stage.at('ledger-view-all').click();
  });

  test('on a handset, part by part', async () => {
    await stage.page.setViewportSize(HANDSET);
    for (const part of ['phone', 'inbox', 'ledger', 'faults']) {
      await stage.at(`part-of-the-page-${part}`).click();
      await picture(`handset-${part}`, ['light', 'dark']);
    }
    await stage.page.setViewportSize({ width: 1024, height: 768 });
    await picture('small-window');
    await stage.page.setViewportSize(DESKTOP);
  });

  test('the worker, killed', async () => {
    await stage.at('worker-kill').click();
    await stage.eventually(() => stage.at('worker-state').getAttribute('data-state'), 'restarting');
    await stage.customerWrites('Hello?');
    await stage
      .onPhone('Hello?')
      .getByLabel(/not accepted yet/)
      .waitFor();
    await picture('worker-killed');
    await stage.eventually(() => stage.at('worker-state').getAttribute('data-state'), 'running');
    // The card was asked for while nobody was there to answer.
    stage.troubles.length = 0;
  });
});

describe('before anything happens, and with too much', () => {
  let assets: string;
  let server: PageServer;

  beforeAll(async () => {
    assets = mkdtempSync(join(tmpdir(), 'octopods-looks-'));
    await Promise.all([buildPage(assets), buildExtension(assets)]);
  });
  afterAll(() => rmSync(assets, { recursive: true, force: true }));
  const show = async (change: (snapshot: ReturnType<typeof quietSnapshot>) => void) => {
    const snapshot = quietSnapshot();
    change(snapshot);
    server = new PageServer(assets, snapshot);
    server.answer = () => ({ json: { canvas: { content: { components: [] } } } });
    await stage.page.goto(await server.listen());
  };
  afterEach(async () => {
    await stage.page.goto('about:blank');
    await server.close();
  });

  const steps = (states: ('done' | 'running' | 'waiting' | 'failed')[]) =>
    [
      'Start Octopods',
      'Install in Intercom',
      'Install in HubSpot',
      'Connect Telegram, WhatsApp and SMS to Intercom',
    ].map((title, index) => ({ title, state: states[index] ?? 'waiting' }));

  test('setting up, and when that fails', async () => {
    await show((snapshot) => {
      snapshot.setup = { state: 'starting', steps: steps(['done', 'done', 'running', 'waiting']) };
    });
    await stage.page.getByText('Install in HubSpot').waitFor();
    await picture('setting-up', ['light', 'dark']);
    server.change((snapshot) => {
      snapshot.setup = { state: 'failed', steps: steps(['done', 'failed']) };
      Object.assign(snapshot.setup.steps[1] ?? {}, {
        detail: 'Octopods was not ready in time: the disk is full',
      });
    });
    await stage.page.getByText('could not be set up').waitFor();
    await picture('setup-failed');
  });

  test('nobody has written yet', async () => {
    await show((snapshot) => {
      snapshot.phones = [phone()];
    });
    await stage.at('phone').waitFor();
    await picture('empty', ['light', 'dark']);
  });

  test('names and words that are too long', async () => {
    await show((snapshot) => {
      const name = 'Bartholomew Featherstonehaugh-Montgomery von und zu Hohenzollern-Sigmaringen';
      const word = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen'.repeat(3);
      const author = { kind: 'customer', name } as const;
      snapshot.phones = [
        phone({
          customer: { name, address: '+44 7700 900101' },
          business: { name, address: '@a_very_long_name_for_a_bot_of_acme' },
          messages: [{ id: '1', from: 'customer', text: word, files: [], at: 1, status: 'sent' }],
        }),
      ];
      snapshot.intercom.conversations = [
        conversation({
          contact: { id: 'k', name, address: '+44 7700 900101' },
          parts: [
            { id: 'p', kind: 'message', author, text: word, files: [], at: 1 },
            { id: 'q', kind: 'note', author: { kind: 'app', name }, text: word, files: [], at: 2 },
          ],
        }),
      ];
      const row = { at: 1, app: 'telegram', platform: 'intercom', customer: name, excerpt: word } as const;
      snapshot.ledger = [
        { ...row, id: 'l', direction: 'in', status: 'sent', history: [{ status: 'queued', at: 1 }] },
      ];
    });
    await stage.at('inbox-message').first().waitFor();
    await picture('long-names');
    await stage.page.setViewportSize(HANDSET);
    await stage.at('part-of-the-page-inbox').click();
    await picture('long-names-handset');
    await stage.page.setViewportSize(DESKTOP);
  });
});
