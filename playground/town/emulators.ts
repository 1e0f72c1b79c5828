/** The simulated world around Octopods, with its people, numbers and workspaces. */

import type { PlatformId } from '../page/api.ts';
import { HubspotEmulator, type HubspotOptions } from '../platforms/hubspot.ts';
import { IntercomEmulator, type IntercomOptions } from '../platforms/intercom.ts';
import type { MetaOptions } from '../providers/meta/server.ts';
import { MetaEmulator } from '../providers/meta.ts';
import type { TelegramOptions } from '../providers/telegram/server.ts';
import { TelegramEmulator } from '../providers/telegram.ts';
import type { TwilioOptions } from '../providers/twilio/server.ts';
import { TwilioEmulator } from '../providers/twilio.ts';

export interface Emulators {
  intercom: IntercomEmulator;
  hubspot: HubspotEmulator;
  telegram: TelegramEmulator;
  meta: MetaEmulator;
  twilio: TwilioEmulator;
}
export interface EmulatorOptions {
  recordTo?: string;
  intercom?: IntercomOptions;
  hubspot?: HubspotOptions;
  telegram?: TelegramOptions;
  meta?: MetaOptions;
  twilio?: TwilioOptions;
}

export const INTERCOM_WORKSPACE = 'k7d2acme';
export const PORTAL = 4_100_001;
export const HUBSPOT_INBOX = '9001';
export const VERIFY_TOKEN = 'playground-verify-token';
export const META_TOKEN = 'EAAplaygroundSystemUserToken';
export const WABA = '20700000000001';
export const TWILIO_ACCOUNT = { sid: `AC${'0a1b2c3d'.repeat(4)}`, authToken: 'f0e1d2c3'.repeat(4) };

export interface Line {
  platform: PlatformId;
  bot: { token: string; username: string; id: string };
  whatsapp: { id: string; phone: string };
  sms: string;
}

/** One bot and two numbers per inbox. */
export const LINES: Line[] = [
  {
    platform: 'intercom',
    bot: {
      token: '7000000001:AAacmeSupportBotTokenOfThePlayground',
      username: 'acme_support_bot',
      id: '7000000001',
    },
    whatsapp: { id: '106000000000001', phone: '+14155550101' },
    sms: '+14155550111',
  },
  {
    platform: 'hubspot',
    bot: {
      token: '7000000002:AAacmeSalesBotTokenOfThePlayground00',
      username: 'acme_sales_bot',
      id: '7000000002',
    },
    whatsapp: { id: '106000000000002', phone: '+14155550102' },
    sms: '+14155550112',
  },
];

/** Every provider knows its customers by its own names. */
export const CUSTOMERS = {
  telegram: { id: 5_550_001, first_name: 'Ann', last_name: 'Lindqvist', username: 'ann_l' },
  whatsapp: { phone: '+447700900101', name: 'Ben Osei' },
  sms: { phone: '+14155550199', name: 'Cara' },
};

const TEAM = [
  { id: '501', name: 'Ada Byron', email: 'ada@acme.test' },
  { id: '502', name: 'Grace Hopper', email: 'grace@acme.test' },
];

export async function openEmulators(options: EmulatorOptions = {}): Promise<Emulators> {
  const { recordTo } = options;
  const record = recordTo ? { recordTo } : {};
  const emulators: Emulators = {
    intercom: await new IntercomEmulator({ ...record, ...options.intercom }).listen(),
    hubspot: await new HubspotEmulator({ ...record, ...options.hubspot }).listen(),
    telegram: await new TelegramEmulator({ ...record, ...options.telegram }).listen(),
    meta: await new MetaEmulator({
      ...record,
      tokens: [META_TOKEN],
      verifyToken: VERIFY_TOKEN,
      numbers: LINES.map(({ whatsapp }) => ({ ...whatsapp, wabaId: WABA, name: 'Acme' })),
      ...options.meta,
    }).listen(),
    twilio: await new TwilioEmulator({
      ...record,
      accounts: [{ ...TWILIO_ACCOUNT, name: 'Acme', numbers: LINES.map((line) => line.sms) }],
      ...options.twilio,
    }).listen(),
  };
  populate(emulators);
  return emulators;
}

function populate({ intercom, hubspot, telegram, meta, twilio }: Emulators): void {
  intercom.addWorkspace({
    id_code: INTERCOM_WORKSPACE,
    name: 'Acme',
    timezone: 'Europe/London',
    teammates: TEAM,
  });
  hubspot.addPortal({
    id: PORTAL,
    name: 'Acme',
    hubDomain: 'acme.test',
    users: TEAM.map(({ name, email }, index) => ({ id: 71 + index, name, email })),
    inboxes: [
      { id: HUBSPOT_INBOX, name: 'Sales', type: 'INBOX' },
      { id: '9002', name: 'Help desk', type: 'HELP_DESK' },
    ],
  });
  for (const { bot } of LINES) telegram.addBot({ ...bot, name: 'Acme' });
  telegram.addCustomer(CUSTOMERS.telegram);
  meta.addCustomer(CUSTOMERS.whatsapp);
  twilio.addCustomer(CUSTOMERS.sms);
}

export const closeEmulators = async (emulators: Emulators): Promise<void> => {
  await Promise.all(Object.values(emulators).map((emulator) => emulator.close()));
};

/** What the developer enters at each platform about the app: where it is. `publicUrl`: the product's PUBLIC_URL. */
export function enterApp({ intercom, hubspot }: Emulators, publicUrl: string): void {
  intercom.configureApp({
    redirectUrls: [`${publicUrl}/intercom/oauth/callback`],
    canvasInitializeUrl: `${publicUrl}/intercom/canvas/initialize`,
    canvasSubmitUrl: `${publicUrl}/intercom/canvas/submit`,
    uninstallUrl: `${publicUrl}/intercom/uninstall`,
    healthCheckUrl: `${publicUrl}/intercom/health`,
  });
  hubspot.configureApp({
    redirectUrls: [`${publicUrl}/hubspot/oauth/callback`],
    permittedFetchUrls: [`${publicUrl}/hubspot/extension`],
  });
}

/** The environment with which the product finds this world: docs/running.md. */
export function environment(
  emulators: Emulators,
  meant: { publicUrl: string; folder: string; keys: string },
): Record<string, string> {
  const { intercom, hubspot, telegram, meta, twilio } = emulators;
  return {
    PUBLIC_URL: meant.publicUrl,
    DATABASE_URL: `sqlite:${meant.folder}/octopods.db`,
    MEDIA_URL: `file:${meant.folder}/media`,
    OCTOPODS_KEYS: meant.keys,
    ALLOW_PRIVATE_HOSTS: '1',
    INTERCOM_CLIENT_ID: intercom.world.app.clientId,
    INTERCOM_CLIENT_SECRET: intercom.world.app.clientSecret,
    INTERCOM_API_URL: intercom.url,
    INTERCOM_APP_URL: intercom.url,
    HUBSPOT_CLIENT_ID: hubspot.world.app.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.world.app.clientSecret,
    HUBSPOT_APP_ID: String(hubspot.world.app.appId),
    HUBSPOT_DEVELOPER_API_KEY: hubspot.world.app.developerApiKey,
    HUBSPOT_API_URL: hubspot.url,
    HUBSPOT_APP_URL: hubspot.url,
    META_APP_ID: meta.appId,
    META_APP_SECRET: meta.appSecret,
    META_VERIFY_TOKEN: VERIFY_TOKEN,
    META_GRAPH_URL: meta.url,
    TELEGRAM_API_URL: telegram.url,
    TWILIO_API_URL: twilio.url,
    TWILIO_MESSAGING_URL: twilio.url,
    ...rateLimits(hubspot),
  };
}

/** What HubSpot grants beyond its usual five searches a second; its other limits stand in its answers. */
const rateLimits = ({ world }: HubspotEmulator): Record<string, string> => {
  const { searchesPerSecond } = world.timings;
  return searchesPerSecond > 5 ? { RATE_LIMITS: `hubspot.searches=${searchesPerSecond * 0.8}` } : {};
};
