/** An account in which everything has happened that a page can show, made through the product's own doors. */
import type { BrowserContext, Page } from 'playwright-core';
import { addChannels, apiWith, type ConnectedChannel } from '../../playground/town/admin.ts';
import { CUSTOMERS, INTERCOM_WORKSPACE, LINES, PORTAL } from '../../playground/town/emulators.ts';
import { type ConsoleTown, SECOND_PORTAL } from './console-town.ts';

/** Agrees at the platform without being asked, as the teammate or user given. */
export async function connectIntercom(
  town: ConsoleTown,
  page: Page,
  teammateId = '501',
  workspaceId = INTERCOM_WORKSPACE,
) {
  town.emulators.intercom.consent = { workspaceId, teammateId, decision: 'approve' };
  const answer = await page.goto('/intercom/install?return=console');
  town.emulators.intercom.consent = {};
  return answer;
}
export async function connectHubspot(town: ConsoleTown, page: Page, userId = 71, portalId = PORTAL) {
  town.emulators.hubspot.consent = { portalId, userId, decision: 'approve' };
  const answer = await page.goto('/hubspot/install?return=console');
  town.emulators.hubspot.consent = {};
  return answer;
}

/**
 * Does what leads to another page, and waits until that is there. One that is closed while it is still coming may stay
 * open for ever: Chromium forgets the request.
 */
export async function arrive(page: Page, act: () => Promise<unknown>): Promise<void> {
  const loaded = page.waitForEvent('load');
  await act();
  await loaded;
}
export const press = (page: Page, name: string | RegExp) =>
  arrive(page, () => page.getByRole('button', { name, exact: true }).click());

export interface FurnishedWorld {
  owner: BrowserContext;
  channels: ConnectedChannel[];
  /** Every address that is worth a look, by what it shows. */
  addresses: Record<string, string>;
}

/** The owner is Ada; Linus is invited; Grace has asked to join; a message has failed. */
export async function furnish(town: ConsoleTown): Promise<FurnishedWorld> {
  const owner = await town.person();
  const page = await owner.newPage();
  await connectIntercom(town, page);
  await connectHubspot(town, page);
  await connectHubspot(town, page, 71, SECOND_PORTAL);
  const made = await owner.request.post('/api/v1/tokens', {
    headers: { origin: town.url },
    data: { name: 'nightly export' },
  });
  const api = apiWith(town.url, ((await made.json()) as { token: string }).token);
  await town.emulators.meta.subscribe(`${town.url}/webhooks/whatsapp`, 'playground-verify-token');
  const channels = [...(await addChannels(api, 'intercom')), ...(await addChannels(api, 'hubspot'))];
  const failed = await converse(town, page);
  await askToJoin(town);
  await page.goto('/team');
  await page.getByLabel('E-mail').fill('linus@acme.test');
  await press(page, 'Invite');
  const addresses = addressesOf(channels, failed);
  await page.close();
  return { owner, channels, addresses };
}

/** Messages both ways on every channel; the last answer fails, because the customer has blocked the bot. */
async function converse(town: ConsoleTown, page: Page): Promise<string> {
  const { telegram, meta, twilio, intercom, hubspot } = town.emulators;
  for (const { bot, whatsapp, sms } of LINES) {
    telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Where is my parcel? Order 48-1177.' }, bot.id);
    meta.customerSends(
      CUSTOMERS.whatsapp.phone,
      { text: 'Could you send me the invoice again, please?' },
      whatsapp.id,
    );
    twilio.customerSends(CUSTOMERS.sms.phone, { text: 'Is the shop open on Sunday?' }, sms);
  }
  await town.until(
    () => intercom.inbox(INTERCOM_WORKSPACE).length === 3 && hubspot.inbox(PORTAL).length === 3,
  );
  for (const { id } of intercom.inbox(INTERCOM_WORKSPACE))
    intercom.agentReplies(id, { text: 'Thank you for asking! I am looking into it right now.' });
  await town.until(() =>
    telegram.phones().some((phone) => phone.messages.some((one) => one.direction === 'in')),
  );
  telegram.customerBlocks(CUSTOMERS.telegram.id, LINES[0]?.bot.id);
  const blocked = intercom.inbox(INTERCOM_WORKSPACE).find((one) => one.contact?.name === 'Ann Lindqvist');
  intercom.agentReplies(blocked?.id ?? '', { text: 'It arrives tomorrow before noon.' });
  await page.goto('/failures');
  await town.until(async () => {
    await page.reload();
    return (await page.getByRole('link', { name: 'Ann Lindqvist' }).count()) > 0;
  });
  return (await page.getByRole('link', { name: 'Ann Lindqvist' }).first().getAttribute('href')) ?? '';
}

/** Grace tries to connect what is Ada's. */
async function askToJoin(town: ConsoleTown): Promise<void> {
  const grace = await town.person();
  await connectIntercom(town, await grace.newPage(), '502');
  await grace.close();
}

function addressesOf(channels: ConnectedChannel[], failed: string): Record<string, string> {
  const intercom = channels.find((one) => one.platform === 'intercom');
  const hubspot = channels.find((one) => one.platform === 'hubspot');
  return {
    workspaces: '/',
    workspace: `/workspaces/${intercom?.workspaceId}`,
    'workspace-hubspot': `/workspaces/${hubspot?.workspaceId}`,
    'add-channel': `/workspaces/${hubspot?.workspaceId}/channels/new`,
    'add-telegram': `/workspaces/${hubspot?.workspaceId}/channels/new/telegram`,
    'add-whatsapp': `/workspaces/${intercom?.workspaceId}/channels/new/whatsapp`,
    'add-sms': `/workspaces/${intercom?.workspaceId}/channels/new/twilio_sms`,
    channel: `/channels/${intercom?.id}`,
    activity: '/activity',
    'activity-nothing-found': '/activity?q=nobody',
    message: failed,
    failures: '/failures',
    traffic: '/traffic',
    team: '/team',
    tokens: '/tokens',
    audit: '/audit',
    erase: '/erase',
    doctor: '/doctor',
    'doctor-findings': `/doctor?workspace=${intercom?.workspaceId}`,
    account: '/account',
    'not-found': '/nowhere',
  };
}
