/** Teams over real HTTP: who may change whom, invitations, handing over, merging, and the trail that all of it leaves. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../server/accounts/contracts.ts';
import { createInvitations } from '../../server/accounts/invitations.ts';
import { createPeople } from '../../server/accounts/people.ts';
import { makeId } from '../../server/core/ids.ts';
import { createAccountStore, type Role } from '../../server/store/people/accounts.ts';
import { createPeopleStore } from '../../server/store/people/people.ts';
import { openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';

const random = (bytes: number) => randomBytes(bytes);
let door: PeopleDoor;
beforeEach(async () => {
  door = await openPeopleDoor({ mail: false });
});
afterEach(() => door.close());

function services() {
  const { db, clock, audit, connections, url } = door;
  const accounts = createAccountStore(db, clock);
  const deps = { accounts, people: createPeopleStore(db), connections, audit, clock, random };
  return {
    accounts,
    people: createPeople(deps),
    invitations: createInvitations({ ...deps, mailer: undefined, publicUrl: url }),
  };
}

let count = 0;
async function person(): Promise<string> {
  count += 1;
  const id = makeId('per', door.clock.now(), random);
  await services().accounts.addPerson(
    { id, name: `Person ${count}`, email: null },
    { provider: 'google', subject: id },
  );
  return id;
}
async function account(): Promise<Actor> {
  const owner = await person();
  const id = makeId('acc', door.clock.now(), random);
  await services().accounts.addAccount({ id, name: 'Acme' }, owner);
  return { account_id: id, person_id: owner, role: 'owner' };
}
async function joined(to: Actor, role: Role): Promise<Actor> {
  const person_id = await person();
  await services().accounts.addMember({ account_id: to.account_id, person_id, role });
  return { account_id: to.account_id, person_id, role };
}
async function workspace(of: Actor, externalId: string): Promise<string> {
  const id = makeId('wsp', door.clock.now(), random);
  await door.connections.addWorkspace({
    id,
    account_id: of.account_id,
    platform: 'intercom',
    external_id: externalId,
    name: `Workspace ${externalId}`,
    connected_by: of.person_id,
    credentials: { access_token: 'none' },
    settings: {},
  });
  return id;
}
const roles = async (of: Actor) =>
  Object.fromEntries((await services().people.team(of.account_id)).map((one) => [one.personId, one.role]));
const everything = async () => ({
  members: await door.db.selectFrom('member').selectAll().execute(),
  invitations: await door.db.selectFrom('invitation').selectAll().execute(),
  audit: await door.db.selectFrom('audit').selectAll().execute(),
});
const actions = async (of: Actor) =>
  (await door.audit.list(of.account_id, { limit: 50 })).entries.map((entry) => entry.action);

describe('the team', () => {
  it('is changed by owners and admins, never by members, and nobody changes the owner or themselves', async () => {
    const { people } = services();
    const owner = await account();
    const admin = await joined(owner, 'admin');
    const member = await joined(owner, 'member');
    const before = await everything();
    const refused = [
      await people.changeRole(member, admin.person_id, 'member'),
      await people.remove(member, admin.person_id),
      await people.changeRole(admin, owner.person_id, 'member'),
      await people.remove(admin, owner.person_id),
      await people.remove(admin, admin.person_id),
      await people.remove(owner, owner.person_id),
      await people.transferOwnership(admin, admin.person_id),
    ];
    expect(refused.map((one) => one?.refused)).toEqual([
      'forbidden',
      'forbidden',
      'conflict',
      'conflict',
      'conflict',
      'conflict',
      'forbidden',
    ]);
    expect(await everything()).toEqual(before);
    expect(await people.changeRole(admin, member.person_id, 'admin')).toBeUndefined();
    expect((await roles(owner))[member.person_id]).toBe('admin');
  });

  it('of another account does not exist', async () => {
    const { people } = services();
    const owner = await account();
    const stranger = await account();
    const member = await joined(owner, 'member');
    const before = await everything();
    for (const refused of [
      await people.changeRole(stranger, member.person_id, 'admin'),
      await people.remove(stranger, member.person_id),
      await people.grant(stranger, member.person_id, []),
      await people.transferOwnership(stranger, member.person_id),
    ])
      expect(refused?.refused).toBe('not_found');
    const theirs = await workspace(stranger, 'theirs');
    expect((await people.grant(owner, member.person_id, [theirs]))?.refused).toBe('not_found');
    expect((await everything()).members).toEqual(before.members);
  });

  it('has one owner before and after it is handed over', async () => {
    const { people } = services();
    const owner = await account();
    const member = await joined(owner, 'member');
    expect(await people.transferOwnership(owner, member.person_id)).toBeUndefined();
    expect(await roles(owner)).toEqual({ [owner.person_id]: 'admin', [member.person_id]: 'owner' });
    expect((await people.transferOwnership(owner, owner.person_id))?.refused).toBe('conflict');
    expect(await actions(owner)).toContain('account.owner_changed');
  });

  it('shows a limited member the granted workspaces and no others, over the API too', async () => {
    const { people, accounts } = services();
    const owner = await account();
    const member = await joined(owner, 'member');
    const [seen, hidden] = [await workspace(owner, 'seen'), await workspace(owner, 'hidden')];
    await people.grant(member.role === 'member' ? owner : member, member.person_id, [seen]);
    const { hashSecret } = await import('../../server/accounts/secrets.ts');
    const who = door.visitor();
    who.cookies.set('octopods', 'S'.repeat(43));
    await accounts.addSession({
      hash: hashSecret('S'.repeat(43)),
      account_id: owner.account_id,
      person_id: member.person_id,
      expires_at: door.clock.now() + 60_000,
      agent: null,
      provider: null,
    });
    const list = (await (await who.go('/api/v1/workspaces')).json()) as { data: { id: string }[] };
    expect(list.data.map((one) => one.id)).toEqual([seen]);
    expect((await who.go(`/api/v1/workspaces/${hidden}`)).status).toBe(404);
    expect((await who.go(`/api/v1/workspaces/${hidden}/channels`)).status).toBe(404);
    await people.remove(owner, member.person_id);
    expect((await who.go('/api/v1/me')).status).toBe(401);
  });

  it('lets in who asked to join, or not', async () => {
    const { people, accounts } = services();
    const owner = await account();
    const id = await workspace(owner, 'asked');
    const ask = (subject: string) =>
      accounts.addJoinRequest({
        account_id: owner.account_id,
        id: makeId('joi', door.clock.now(), random),
        workspace_id: id,
        provider: 'intercom',
        subject,
        name: 'Sam',
        email: null,
      });
    await ask('asked:1');
    await ask('asked:2');
    const [first, second] = await people.joinWishes(owner.account_id);
    expect(first).toMatchObject({ workspaceName: 'Workspace asked', name: 'Sam' });
    expect((await people.acceptJoin(await account(), first?.id ?? '', 'admin'))?.refused).toBe('not_found');
    expect(await people.acceptJoin(owner, first?.id ?? '', 'member')).toBeUndefined();
    expect(await people.declineJoin(owner, second?.id ?? '')).toBeUndefined();
    expect(await people.joinWishes(owner.account_id)).toEqual([]);
    expect(Object.values(await roles(owner))).toEqual(['owner', 'member']);
  });
});

describe('an invitation', () => {
  const secretOf = (link: string | undefined) => link?.split('/').at(-1) ?? '';

  it('is a link that works once, for a week, and can be withdrawn', async () => {
    const { invitations } = services();
    const owner = await account();
    const made = await invitations.invite(owner, { email: 'Grace@Acme.test', role: 'member' });
    if (!('invitation' in made)) throw new Error(made.why);
    expect(made.link).toContain(`${door.url}/invitation/`);
    expect(JSON.stringify(await everything())).not.toContain(secretOf(made.link));
    expect(await invitations.invite(owner, { email: 'grace@acme.test', role: 'admin' })).toMatchObject({
      refused: 'conflict',
    });

    const renewed = await invitations.renew(owner, made.invitation.id);
    if (!('invitation' in renewed)) throw new Error(renewed.why);
    expect(await invitations.offer(secretOf(made.link))).toBeUndefined();
    const secret = secretOf(renewed.link);
    expect(await invitations.offer(secret)).toMatchObject({ email: 'grace@acme.test', role: 'member' });
    expect(await invitations.accept(secret, await person())).toEqual({ accountId: owner.account_id });
    expect(await invitations.accept(secret, await person())).toMatchObject({ refused: 'not_found' });

    const late = await invitations.invite(owner, { email: 'late@acme.test', role: 'member' });
    door.clock.advance(7 * 24 * 3_600_000);
    expect(await invitations.offer(secretOf('link' in late ? late.link : ''))).toBeUndefined();
    expect((await invitations.list(owner.account_id)).map((one) => one.status).sort()).toEqual([
      'accepted',
      'expired',
    ]);
  });

  it('is not for members to send, nor for other accounts to touch', async () => {
    const { invitations } = services();
    const owner = await account();
    const member = await joined(owner, 'member');
    expect(await invitations.invite(member, { email: 'x@acme.test', role: 'admin' })).toMatchObject({
      refused: 'forbidden',
    });
    const made = await invitations.invite(owner, { email: 'x@acme.test', role: 'member' });
    const id = 'invitation' in made ? made.invitation.id : '';
    const stranger = await account();
    expect(await invitations.withdraw(stranger, id)).toMatchObject({ refused: 'not_found' });
    expect(await invitations.renew(stranger, id)).toMatchObject({ refused: 'not_found' });
    expect(await invitations.list(stranger.account_id)).toEqual([]);
  });

  it('lets an owner of workspaces join without them, or bring them and their people along', async () => {
    const { invitations, people, accounts } = services();
    const team = await account();
    const other = await account();
    const colleague = await joined(other, 'admin');
    const moved = await workspace(other, 'moved');
    const made = await invitations.invite(team, { email: 'other@acme.test', role: 'admin' });
    const secret = secretOf('link' in made ? made.link : '');
    expect(await invitations.choice(secret, other.person_id)).toEqual({
      alreadyIn: false,
      mergeable: [
        {
          accountId: other.account_id,
          name: 'Acme',
          workspaces: [{ id: moved, name: 'Workspace moved', platform: 'intercom' }],
        },
      ],
    });
    expect(await invitations.accept(secret, other.person_id, team.account_id)).toMatchObject({
      refused: 'not_found',
    });
    expect(await invitations.accept(secret, other.person_id, other.account_id)).toEqual({
      accountId: team.account_id,
    });
    expect((await door.connections.workspace(moved))?.account_id).toBe(team.account_id);
    expect(await accounts.account(other.account_id)).toBeUndefined();
    const came = (await people.team(team.account_id)).find((one) => one.personId === colleague.person_id);
    expect(came).toMatchObject({ role: 'member', workspaces: [moved] });
    expect(await actions(team)).toContain('workspace.moved_in');
    expect(await actions(other)).toEqual(['account.merged_away']);
  });
});

describe('the audit trail', () => {
  const tampered = async (change: () => Promise<unknown>) => {
    await change();
    return door.audit.verify();
  };
  const filled = async (): Promise<Actor> => {
    const owner = await account();
    for (const action of ['one', 'two', 'three']) await door.audit.record(owner, { action });
    expect(await door.audit.verify()).toEqual({ ok: true, accounts: 1, entries: 3 });
    return owner;
  };

  it.each([
    [
      'editing an entry',
      () => door.db.updateTable('audit').set({ actor: 'per_x' }).where('seq', '=', 2).execute(),
      2,
    ],
    [
      'editing the last entry',
      () => door.db.updateTable('audit').set({ facts: '{"a":1}' }).where('seq', '=', 3).execute(),
      3,
    ],
    ['removing the first entry', () => door.db.deleteFrom('audit').where('seq', '=', 1).execute(), 1],
    ['removing an entry', () => door.db.deleteFrom('audit').where('seq', '=', 2).execute(), 2],
    ['removing the last entry', () => door.db.deleteFrom('audit').where('seq', '=', 3).execute(), 3],
    [
      'cutting off the end and setting the head back',
      async () => {
        await door.db.deleteFrom('audit').where('seq', '=', 3).execute();
        await door.db.updateTable('audit_head').set({ seq: 2 }).execute();
      },
      2,
    ],
    ['removing everything but the head', () => door.db.deleteFrom('audit').execute(), 1],
  ])('notices %s', async (_what, change, seq) => {
    const owner = await filled();
    const verdict = await tampered(change);
    expect(verdict).toMatchObject({ ok: false, broken: [{ accountId: owner.account_id, seq }] });
  });

  it('keeps entries that are written at the same time in one chain', async () => {
    const owner = await account();
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => door.audit.record(owner, { action: `at ${at}` })),
    );
    expect(await door.audit.verify()).toEqual({ ok: true, accounts: 1, entries: 20 });
    const lines: string[] = [];
    for await (const line of door.audit.export(owner.account_id)) lines.push(line);
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });
});
