import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createAudit } from '../../../server/accounts/audit.ts';
import { createErasure } from '../../../server/accounts/erasure.ts';
import { erasureNews } from '../../../server/accounts/erasure-news.ts';
import { createInvitations } from '../../../server/accounts/invitations.ts';
import { createPeople } from '../../../server/accounts/people.ts';
import { createTokens } from '../../../server/accounts/tokens.ts';
import { createErasureStore } from '../../../server/store/erasure/erasure.ts';
import { MOVED } from '../../../server/store/moving/move.ts';
import { createAuditStore } from '../../../server/store/people/audit.ts';
import { createPeopleStore } from '../../../server/store/people/people.ts';
import { createKeyRing } from '../../../server/store/sealing/keyring.ts';
import {
  CHANNEL,
  channel,
  conversationWith,
  onEveryStore,
  type TestStore,
  WORKSPACE,
  workspace,
} from '../../support/stores.ts';

const ACCOUNT = 'acc_test';
const OTHERS = 'acc_others';
const ADA = { account_id: ACCOUNT, person_id: 'per_ada', role: 'owner' as const };
const BOB = { account_id: ACCOUNT, person_id: 'per_bob', role: 'member' as const };

const files = { remove: async () => undefined };

function services({ db, clock, accounts, connections, ledger }: TestStore) {
  const audit = createAudit(createAuditStore(db, createKeyRing([randomBytes(32)])), clock);
  const random = (bytes: number) => randomBytes(bytes);
  const deps = { accounts, people: createPeopleStore(db), connections, ledger, audit, clock, random };
  ledger.onErasing(erasureNews(deps));
  return {
    ...deps,
    noted: async (action: string) => (await audit.noting(ADA))({ action }),
    team: createPeople(deps),
    tokens: createTokens(accounts, deps),
    invitations: createInvitations({ ...deps, mailer: undefined, publicUrl: 'https://octopods.test' }),
    erasure: createErasure({
      ...deps,
      erasures: createErasureStore(db, connections, files),
    }),
    /** The end of the link in the last invitation. */
    invited: { secret: '' },
  };
}
type Here = ReturnType<typeof services>;

async function furnish(store: TestStore): Promise<Here> {
  const here = services(store);
  const { accounts } = here;
  for (const id of ['per_ada', 'per_bob', 'per_cleo'])
    await accounts.addPerson({ id, name: null, email: null }, { provider: 'desk', subject: id });
  await accounts.addAccount({ id: ACCOUNT, name: 'Acme' }, ADA.person_id);
  await accounts.addMember(BOB);
  await accounts.addAccount({ id: OTHERS, name: 'Others' }, 'per_cleo');
  await store.connections.addWorkspace({ ...workspace('wsp_others', 'desk-2'), account_id: OTHERS });
  const request = { account_id: ACCOUNT, workspace_id: WORKSPACE, provider: 'desk', name: null, email: null };
  for (const subject of ['dan', 'eve'])
    await accounts.addJoinRequest({ ...request, id: `joi_${subject}`, subject });
  await conversationWith(store);
  await store.ledger.keepContact(await conversationWith(store, '+447700900102'), 'contact-2');
  return here;
}

const first = async (rows: Promise<{ id: string }[]>): Promise<string> => (await rows)[0]?.id as string;

async function invite({ invitations, invited }: Here, email: string): Promise<void> {
  const answer = await invitations.invite(ADA, { email, role: 'member' });
  if ('link' in answer) invited.secret = answer.link?.split('/').at(-1) as string;
}

/** One behind the other: the action in the trail, and what does it. */
const CHANGES: [string, (here: Here) => Promise<unknown>][] = [
  ['member.workspaces_changed', ({ team }) => team.grant(ADA, BOB.person_id, [WORKSPACE])],
  ['member.role_changed', ({ team }) => team.changeRole(ADA, BOB.person_id, 'admin')],
  ['account.renamed', ({ team }) => team.rename(ADA, 'Acme and sons')],
  ['join.accepted', ({ team }) => team.acceptJoin(ADA, 'joi_dan', 'member')],
  ['join.declined', ({ team }) => team.declineJoin(ADA, 'joi_eve')],
  ['token.created', ({ tokens }) => tokens.create({ ...ADA, scopes: ['messages:read'] }, 'reader')],
  ['token.revoked', async (it) => it.tokens.revoke(ADA, await first(it.accounts.tokensOf(ACCOUNT)))],
  ['invitation.sent', (it) => invite(it, 'fay@acme.test')],
  [
    'invitation.renewed',
    async (it) => it.invitations.renew(ADA, await first(it.people.invitations(ACCOUNT))),
  ],
  [
    'invitation.withdrawn',
    async (it) => it.invitations.withdraw(ADA, await first(it.people.invitations(ACCOUNT))),
  ],
  ['invitation.sent', (it) => invite(it, 'cleo@acme.test')],
  ['invitation.accepted', (it) => it.invitations.accept(it.invited.secret, 'per_cleo', OTHERS)],
  ['member.removed', ({ team }) => team.remove(ADA, BOB.person_id)],
  ['customer.erased', ({ erasure }) => erasure.erase(ADA, '+447700900101')],
  [
    'customer.erased',
    ({ ledger }) =>
      ledger.eraseContact({ workspaceId: WORKSPACE, contactId: 'contact-2', eventId: 'evt_0' }, files),
  ],
  [
    'channel.added',
    async ({ connections, noted }) =>
      connections.addChannel(channel('chn_new'), await noted('channel.added')),
  ],
  [
    'channel.renamed',
    async ({ connections, noted }) =>
      connections.renameChannel(WORKSPACE, CHANNEL, 'Front desk', await noted('channel.renamed')),
  ],
  [
    'channel.archived',
    async ({ connections, noted }) =>
      connections.archiveChannel(WORKSPACE, CHANNEL, await noted('channel.archived')),
  ],
  [
    'workspace.connected',
    async ({ connections, noted }) =>
      connections.addWorkspace(workspace('wsp_new', 'desk-3'), await noted('workspace.connected')),
  ],
  [
    'workspace.archived',
    async ({ connections, noted }) =>
      connections.archiveWorkspace(WORKSPACE, await noted('workspace.archived')),
  ],
  ['account.owner_changed', ({ team }) => team.transferOwnership(ADA, 'per_cleo')],
];

/** Every row of every table but the trail itself. */
async function everything({ db }: TestStore): Promise<string[]> {
  const { audit: _trail, audit_head: _ends, ...others } = MOVED;
  const tables = Object.keys(others) as (keyof typeof others)[];
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
  return rows.flatMap((some, index) => some.map((row) => `${tables[index]} ${JSON.stringify(row)}`)).sort();
}

/** Nothing can be entered into the trail. */
async function withoutTrail({ db }: TestStore, work: () => Promise<void>): Promise<void> {
  await sql`alter table audit rename to elsewhere`.execute(db);
  await work();
  await sql`alter table elsewhere rename to audit`.execute(db);
}

onEveryStore('a change', (store) => {
  test('whose entry cannot be written into the trail does not happen; afterwards both are there', async () => {
    const here = await furnish(store());
    // The trail has its key before it is away.
    await here.audit.record(ADA, { action: 'account.founded' });
    for (const [action, change] of CHANGES) {
      const before = await everything(store());
      await withoutTrail(store(), () => expect(change(here), action).rejects.toThrow('audit'));
      expect(await everything(store()), action).toEqual(before);
      await change(here);
      expect(await everything(store()), action).not.toEqual(before);
    }
    const { entries } = await here.audit.list(ACCOUNT, { limit: 100 });
    const written = entries.map((one) => one.action).filter((one) => one !== 'workspace.moved_in');
    expect(written.toReversed()).toEqual(['account.founded', ...CHANGES.map(([action]) => action)]);
    expect(await here.audit.verify()).toMatchObject({ ok: true, accounts: 2 });
  });
});
