/** Two accounts side by side in one house, both in full use: whatever one has, the other must never get hold of. */
import { addChannels, apiWith, type ConnectedChannel } from '../../playground/town/admin.ts';
import { CUSTOMERS, INTERCOM_WORKSPACE, LINES, PORTAL } from '../../playground/town/emulators.ts';
import { signMediaToken } from '../../server/http/media-link.ts';
import { atPlatform } from './coming-in.ts';
import { until } from './until.ts';
import type { Visitor } from './visitor.ts';
import type { WholeHouse } from './whole-house.ts';

export interface Account {
  owner: Visitor;
  /** By the part of a path that comes before them. */
  ids: Record<Noun, string>;
  account: string;
  channels: ConnectedChannel[];
  /** What the inbox calls the conversation and its contact. */
  conversation: { thread: string; contact: string };
  mediaToken: string;
}
export type Noun =
  | 'workspaces'
  | 'channels'
  | 'messages'
  | 'tokens'
  | 'members'
  | 'invitations'
  | 'requests'
  | 'sessions';

export const EVES = { workspace: 'elsewhere9', portal: 9_900_001, bot: '7000000077:AAevesOwnBotToken' };

const enter = async (who: Visitor, platform: 'intercom' | 'hubspot', as: string): Promise<void> =>
  void (await who.go(await atPlatform(who, platform, `/${platform}/install`, as)));

/** Ada's: both inboxes, all channels, a picture, an answer that failed, a team, an invitation, a wish to join. */
export async function furnishAda(house: WholeHouse): Promise<Account> {
  const owner = house.visitor();
  await enter(owner, 'intercom', `workspace=${INTERCOM_WORKSPACE}&teammate=501`);
  await enter(owner, 'hubspot', `portal=${PORTAL}&user=71`);
  await enter(house.visitor(), 'intercom', `workspace=${INTERCOM_WORKSPACE}&teammate=501`);
  await enter(house.visitor(), 'intercom', `workspace=${INTERCOM_WORKSPACE}&teammate=502`);
  const { json } = await house.api(owner, 'POST', '/tokens', { name: 'nightly export' });
  const api = apiWith(house.url, json.token);
  const channels = [...(await addChannels(api, 'intercom')), ...(await addChannels(api, 'hubspot'))];
  const message = await converse(house, owner);
  await house.post(owner, '/team/invitations', { email: 'grace@acme.test', role: 'member' });
  return account(house, owner, { channels, message, token: json.id });
}

/** A picture comes in, and what is answered fails, because the customer has blocked the bot. */
async function converse({ emulators, api }: WholeHouse, owner: Visitor): Promise<string> {
  const { telegram, intercom } = emulators;
  const bot = LINES[0]?.bot.id;
  const photo = { name: 'parcel.png', contentType: 'image/png', bytes: PNG };
  telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Where is my parcel 48-1177?', photo }, bot);
  const conversation = await until('it is in the inbox', () => intercom.inbox(INTERCOM_WORKSPACE)[0]?.id);
  telegram.customerBlocks(CUSTOMERS.telegram.id, bot);
  intercom.agentReplies(conversation, { text: 'It is on its way.' });
  return until('the answer has failed', async () => {
    const { json } = await api(owner, 'GET', '/messages?status=failed');
    return json.data[0]?.id as string | undefined;
  });
}
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Eve's: an inbox of each kind and a bot of her own. */
export async function furnishEve(house: WholeHouse): Promise<{ owner: Visitor; channel: string }> {
  const { intercom, hubspot, telegram } = house.emulators;
  const eve = { name: 'Eve', email: 'eve@elsewhere.test' };
  intercom.addWorkspace({ id_code: EVES.workspace, name: 'Elsewhere', teammates: [{ id: '901', ...eve }] });
  hubspot.addPortal({ id: EVES.portal, name: 'Elsewhere', inboxes: [], users: [{ id: 99, ...eve }] });
  telegram.addBot({ token: EVES.bot, username: 'eves_bot', name: 'Eve' });
  const owner = house.visitor();
  await enter(owner, 'intercom', `workspace=${EVES.workspace}&teammate=901`);
  await enter(owner, 'hubspot', `portal=${EVES.portal}&user=99`);
  const { json } = await house.api(owner, 'GET', '/workspaces');
  const own = json.data.find((one: { platform: string }) => one.platform === 'intercom');
  const wish = { type: 'telegram', credentials: { bot_token: EVES.bot } };
  const made = await house.api(owner, 'POST', `/workspaces/${own.id}/channels`, wish);
  return { owner, channel: made.json.id };
}

async function account(
  { db, api, store, clock }: WholeHouse,
  owner: Visitor,
  known: { channels: ConnectedChannel[]; message: string; token: string },
): Promise<Account> {
  const { account: of, person } = (await api(owner, 'GET', '/me')).json;
  const first = <Row>(rows: Row[]): Row => rows[0] as Row;
  const session = await db.selectFrom('session').select('hash').orderBy('created_at', 'desc').execute();
  const conversation = await db
    .selectFrom('conversation')
    .select(['platform_thread', 'contact_id'])
    .executeTakeFirstOrThrow();
  const media = await db.selectFrom('media').selectAll().executeTakeFirstOrThrow();
  const seal = await store.connections.seal(media.workspace_id);
  return {
    owner,
    account: of.id,
    channels: known.channels,
    ids: {
      workspaces: known.channels[0]?.workspaceId ?? '',
      channels: known.channels[0]?.id ?? '',
      messages: known.message,
      tokens: known.token,
      members: person.id,
      invitations: first(await db.selectFrom('invitation').select('id').execute()).id,
      requests: first(await db.selectFrom('join_request').select('id').execute()).id,
      sessions: first(session).hash,
    },
    conversation: { thread: conversation.platform_thread ?? '', contact: conversation.contact_id ?? '' },
    mediaToken: signMediaToken(seal, media.workspace_id, media.id, clock.now()),
  };
}
