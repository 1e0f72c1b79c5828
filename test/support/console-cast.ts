/** Everybody who looks at the console, in a world in which everything has happened that a page can show. */
import type { BrowserContext, Page } from 'playwright-core';
import { apiWith } from '../../playground/town/admin.ts';
import { CUSTOMERS, META_TOKEN, PORTAL } from '../../playground/town/emulators.ts';
import type { ConsoleTown } from './console-town.ts';
import { connectHubspot, type FurnishedWorld, furnish, press } from './console-world.ts';

/** 80 characters each: what people and platforms may call things, and what breaks layouts. */
const LONG = {
  rightToLeft: 'قناة دعم العملاء للشحن السريع والاستفسارات العامة والشكاوى والاقتراحات في المدينة',
  unbroken: 'Siebentausendzweihundertvierundfünfzigmillionenfachundneunzigtausendmalundnochmehr',
  emoji: '🚚📦🎉👩‍👩‍👧‍👦🏳️‍🌈 Parcels & more, everywhere and always, for all of the family 🚚📦🎉👩‍👩‍👧‍👦🏳️‍🌈',
  email: 'somebody.with.an.address.that.never.ends@customer-care.of.a.company.acme.test',
} as const;
const PASSWORD = 'correct horse battery';
const ELSEWHERE = 9_900_001;

export type Who = 'owner' | 'member' | 'newcomer' | 'starter' | 'stranger';
export interface Cast extends FurnishedWorld {
  /** `starter` owns another account: a portal with a channel that waits and one whose token is dead. */
  people: Record<Who, BrowserContext>;
  starter: { workspace: string; pending: string; dead: string };
  /** An invitation that nobody has accepted yet. */
  invitation: string;
}

export async function assemble(town: ConsoleTown): Promise<Cast> {
  const starter = await town.person();
  const starterPlaces = await settleElsewhere(town, starter);
  const world = await furnish(town);
  const page = await world.owner.newPage();
  await addLongWorkspace(town, page, world.addresses);
  await nameThings(page, world);
  await leaveInDoubt(town, page);
  const member = await signUp(
    town,
    LONG.rightToLeft,
    'mia@acme.test',
    await invite(town, page, 'mia@acme.test'),
  );
  const newcomer = await signUp(town, 'Nora New', 'nora@new.test');
  const invitation = await invite(town, page, LONG.email);
  await page.close();
  const people = { owner: world.owner, member, newcomer, starter, stranger: await town.person() };
  return { ...world, people, starter: starterPlaces, invitation };
}

/** Answers the link that was mailed. */
async function invite(town: ConsoleTown, page: Page, email: string): Promise<string> {
  await page.goto('/team');
  await page.locator('form[action="/team/invitations"]').getByLabel('E-mail').fill(email);
  await press(page, 'Invite');
  await page.getByText('The invitation is on its way.').waitFor();
  return town.mailbox.link(email);
}

/** Somebody who signs in by e-mail and password; with an invitation's link they end in its account. */
async function signUp(
  town: ConsoleTown,
  name: string,
  email: string,
  invitation?: string,
): Promise<BrowserContext> {
  const person = await town.person();
  const page = await person.newPage();
  await page.goto(invitation ?? '/sign-up');
  if (invitation) await page.getByRole('link', { name: 'Sign up', exact: true }).click();
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Work e-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign up');
  await town.until(async () => (await town.mailbox.newest(email)).subject.startsWith('Confirm'));
  await page.goto(await town.mailbox.link(email));
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Confirm and sign in');
  await page.close();
  return person;
}

/** Another account: its WhatsApp number is led elsewhere by Meta, and its bot's token is revoked. */
async function settleElsewhere(town: ConsoleTown, person: BrowserContext): Promise<Cast['starter']> {
  const { hubspot, meta, telegram } = town.emulators;
  hubspot.addPortal({
    id: ELSEWHERE,
    name: 'Elsewhere',
    hubDomain: 'elsewhere.test',
    users: [{ id: 99, name: 'Otto Elsewhere', email: 'otto@elsewhere.test' }],
    inboxes: [{ id: '9901', name: LONG.unbroken, type: 'INBOX' }],
  });
  const number = { id: '106000000000099', wabaId: '20700000000099', phone: '+14155550199' };
  // Somebody else's server has this number's messages.
  meta
    .addNumber({ ...number, name: 'Elsewhere' })
    .overrides.set(meta.appId, { url: 'https://other.test/hook', verifyToken: 'theirs' });
  meta.addToken(META_TOKEN, { wabas: ['20700000000001', '20700000000099'] });
  const bot = telegram.addBot({
    token: '7000000099:AAelsewhereBotTokenForTesting00',
    username: 'elsewhere_bot',
  });
  const page = await person.newPage();
  await connectHubspot(town, page, 99, ELSEWHERE);
  const made = await person.request.post('/api/v1/tokens', {
    headers: { origin: town.url },
    data: { name: 'by hand' },
  });
  const api = apiWith(town.url, ((await made.json()) as { token: string }).token);
  const { json } = await api.call<{ data: { id: string }[] }>('GET', '/workspaces');
  const workspace = json.data[0]?.id ?? '';
  const add = async (type: string, credentials: Record<string, string>): Promise<string> => {
    const settings = { inbox_id: '9901' };
    const path = `/workspaces/${workspace}/channels`;
    const answer = await api.call<{ id: string }>('POST', path, { type, credentials, settings });
    if (answer.status !== 201) throw new Error(`no ${type} channel: ${JSON.stringify(answer.json)}`);
    return answer.json.id;
  };
  const pending = await add('whatsapp', {
    phone_number_id: '106000000000099',
    waba_id: '20700000000099',
    access_token: META_TOKEN,
  });
  const dead = await add('telegram', { bot_token: bot.token });
  telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Anybody there?' }, bot.id);
  await town.until(() => hubspot.inbox(ELSEWHERE).length > 0);
  telegram.revokeToken(bot.token);
  hubspot.agentReplies(hubspot.inbox(ELSEWHERE)[0]?.id ?? '', { text: 'Yes!', userId: 99 });
  await town.until(async () => {
    await page.goto(`/channels/${dead}`);
    return (await page.getByText('Disconnected').count()) > 0;
  });
  await page.close();
  return {
    workspace: `/workspaces/${workspace}`,
    pending: `/channels/${pending}`,
    dead: `/channels/${dead}`,
  };
}

async function addLongWorkspace(
  { emulators }: ConsoleTown,
  page: Page,
  addresses: Record<string, string>,
): Promise<void> {
  const teammates = [{ id: '601', name: 'Ada Byron', email: 'ada@acme.test' }];
  emulators.intercom.addWorkspace({ id_code: 'long9name', name: LONG.unbroken, teammates });
  emulators.intercom.consent = { workspaceId: 'long9name', teammateId: '601', decision: 'approve' };
  await page.goto('/intercom/install?return=console');
  emulators.intercom.consent = {};
  const href = await page.getByRole('link', { name: LONG.unbroken }).getAttribute('href');
  addresses['workspace-long-name'] = href ?? '';
}

async function nameThings(page: Page, { addresses, channels }: FurnishedWorld): Promise<void> {
  const names = [LONG.rightToLeft, LONG.emoji, LONG.unbroken];
  for (const [index, { id }] of channels.filter((one) => one.platform === 'hubspot').entries()) {
    await page.goto(`/channels/${id}`);
    await page.getByText('Rename', { exact: true }).click();
    await page.getByLabel('Name').fill(names[index] ?? '');
    await press(page, 'Save');
    await page.getByText('The new name is saved.').waitFor();
    if (index === 0) addresses['channel-long-name'] = `/channels/${id}`;
  }
  await page.goto(addresses.tokens ?? '');
  await page.getByLabel('Name').fill(LONG.emoji);
  await press(page, 'Make the token');
}

/** Telegram answers 500 to an agent's words: nobody knows whether they arrived. */
async function leaveInDoubt(town: ConsoleTown, page: Page): Promise<void> {
  const { telegram, hubspot } = town.emulators;
  const thread = hubspot.inbox(PORTAL).find((one) => JSON.stringify(one).includes('Lindqvist'));
  telegram.plan('POST', /\/sendMessage/i, { kind: 'status', status: 500 }, 1);
  hubspot.agentReplies(thread?.id ?? '', { text: `Did this arrive? ${LONG.unbroken}`, userId: 71 });
  await town.until(async () => {
    await page.goto('/failures');
    return (await page.getByText('Did this arrive?').count()) > 0;
  });
}
