/**
 * The team of an account. Owners and admins manage people; nobody changes or removes the owner or themselves, so an
 * account can neither lose its owner nor be left by accident.
 */
import { makeId } from '../core/ids.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { MemberRow, PeopleStore } from '../store/people/people.ts';
import type { Actor, Audit, Grants, People } from './contracts.ts';
import { isRefused, type Refused, refusal } from './refusal.ts';
import { mayManage } from './roles.ts';
import type { Random } from './secrets.ts';

export interface PeopleDeps {
  accounts: AccountStore;
  people: PeopleStore;
  connections: ConnectionStore;
  audit: Audit;
  clock: { now(): number };
  random: Random;
}

export const createPeople = (deps: PeopleDeps): People => ({
  ...reading(deps),
  ...changing(deps),
  ...joining(deps),
});

export const notAllowed = (): Refused =>
  refusal('forbidden', 'Only owners and admins can do this. Ask one of yours.');
const unknownPerson = (): Refused => refusal('not_found', 'There is no such person in this account.');

function reading({ accounts, people, connections }: PeopleDeps) {
  return {
    team: async (accountId: string) => {
      const members = await people.members(accountId);
      const [logins, grants] = await Promise.all([
        people.loginsOf(members.map((one) => one.person_id)),
        people.grants(accountId),
      ]);
      return members.map((one) => ({
        personId: one.person_id,
        name: one.name,
        email: one.email,
        role: one.role,
        workspaces: one.limited
          ? grants.filter((grant) => grant.person_id === one.person_id).map((grant) => grant.workspace_id)
          : ('all' as const),
        since: one.created_at,
        logins: [
          ...new Set(logins.filter((row) => row.person_id === one.person_id).map((row) => row.provider)),
        ],
      }));
    },
    joinWishes: async (accountId: string) => {
      const [wishes, workspaces] = await Promise.all([
        accounts.joinRequests(accountId),
        connections.workspacesOf(accountId),
      ]);
      const nameOf = new Map(workspaces.map((one) => [one.id, one.name]));
      return wishes.map((wish) => ({
        id: wish.id,
        workspaceId: wish.workspace_id,
        workspaceName: nameOf.get(wish.workspace_id) ?? wish.workspace_id,
        provider: wish.provider,
        name: wish.name,
        email: wish.email,
        at: Number(wish.created_at),
      }));
    },
    accountsOf: (personId: string) => people.accountsOf(personId),
  };
}

/** The person that `by` may change: a colleague of the same account who is neither the owner nor themselves. */
async function colleague(
  { people }: Pick<PeopleDeps, 'people'>,
  by: Actor,
  personId: string,
): Promise<MemberRow | Refused> {
  if (!mayManage(by.role)) return notAllowed();
  const member = await people.member(by.account_id, personId);
  if (!member) return unknownPerson();
  if (member.person_id === by.person_id)
    return refusal('conflict', 'You cannot change or remove yourself. Ask another admin.');
  if (member.role === 'owner')
    return refusal(
      'conflict',
      'The owner cannot be changed or removed. The owner can hand the account over.',
    );
  return member;
}

function changing(deps: PeopleDeps) {
  const { together } = deps.audit;
  return {
    changeRole: async (by: Actor, personId: string, role: 'admin' | 'member') => {
      const member = await colleague(deps, by, personId);
      if (isRefused(member)) return member;
      const facts = { from: member.role, to: role };
      return together(async ({ people, record }) => {
        if (!(await people.setRole(by.account_id, personId, role))) return unknownPerson();
        await record(by, { action: 'member.role_changed', subject: personId, facts });
        return undefined;
      });
    },
    grant: async (by: Actor, personId: string, workspaces: Grants) => {
      const member = await colleague(deps, by, personId);
      if (isRefused(member)) return member;
      if (member.role !== 'member')
        return refusal('conflict', 'Admins have every workspace. Make them a member first.');
      const wrong = await unknownGrants(deps, by.account_id, workspaces);
      if (wrong) return wrong;
      const facts = { workspaces: workspaces === 'all' ? 'all' : workspaces.join(' ') };
      return together(async ({ people, record }) => {
        await people.setGrants(by.account_id, personId, workspaces === 'all' ? undefined : workspaces);
        await record(by, { action: 'member.workspaces_changed', subject: personId, facts });
        return undefined;
      });
    },
    remove: async (by: Actor, personId: string) => {
      const member = await colleague(deps, by, personId);
      if (isRefused(member)) return member;
      return together(async ({ people, record }) => {
        if (!(await people.removeMember(by.account_id, personId))) return unknownPerson();
        await record(by, { action: 'member.removed', subject: personId, facts: { role: member.role } });
        return undefined;
      });
    },
    transferOwnership: (by: Actor, personId: string) => transfer(deps, by, personId),
    rename: async (by: Actor, accountName: string) => {
      if (!mayManage(by.role)) return notAllowed();
      const name = accountName.trim();
      if (name === '' || name.length > 100)
        return refusal('invalid', 'A name has 1 to 100 characters.', 'name');
      return together(async ({ people, record }) => {
        await people.renameAccount(by.account_id, name);
        await record(by, { action: 'account.renamed' });
        return undefined;
      });
    },
  };
}

async function transfer({ people, audit }: PeopleDeps, by: Actor, personId: string) {
  if (by.role !== 'owner') return refusal('forbidden', 'Only the owner can hand the account over.');
  if (by.person_id === personId) return refusal('conflict', 'You own this account already.');
  if (!(await people.member(by.account_id, personId))) return unknownPerson();
  return audit.together(async (inside) => {
    if (!(await inside.people.transfer(by.account_id, by.person_id, personId)))
      return refusal('conflict', 'The team has changed meanwhile. Look again.');
    await inside.record(by, { action: 'account.owner_changed', subject: personId });
    return undefined;
  });
}

/** Ids of other accounts are as unknown as made-up ones. */
export async function unknownGrants(
  { connections }: Pick<PeopleDeps, 'connections'>,
  accountId: string,
  workspaces: Grants,
): Promise<Refused | undefined> {
  if (workspaces === 'all') return undefined;
  const known = new Set((await connections.workspacesOf(accountId)).map((one) => one.id));
  return workspaces.every((id) => known.has(id))
    ? undefined
    : refusal('not_found', 'There is no such workspace.', 'workspaces');
}

function joining({ audit: { together }, clock, random }: PeopleDeps) {
  const gone = () => refusal('not_found', 'There is no such request (any more).');
  return {
    acceptJoin: async (by: Actor, id: string, role: 'admin' | 'member') => {
      if (!mayManage(by.role)) return notAllowed();
      return together(async ({ accounts, people, record }) => {
        const wish = await people.takeJoinRequest(by.account_id, id);
        if (!wish) return gone();
        const { provider, subject, name, email, workspace_id: workspaceId } = wish;
        const newcomer = { id: makeId('per', clock.now(), random), name, email };
        const person = await accounts.addPerson(newcomer, { provider, subject });
        if (!(await accounts.roleOf(by.account_id, person.id)))
          await accounts.addMember({ account_id: by.account_id, person_id: person.id, role });
        await record(by, { action: 'join.accepted', subject: person.id, workspaceId, facts: { role } });
        return undefined;
      });
    },
    declineJoin: async (by: Actor, id: string) => {
      if (!mayManage(by.role)) return notAllowed();
      return together(async ({ people, record }) => {
        const wish = await people.takeJoinRequest(by.account_id, id);
        if (!wish) return gone();
        await record(by, { action: 'join.declined', subject: id, workspaceId: wish.workspace_id });
        return undefined;
      });
    },
  };
}
