/**
 * Invitations by mail: a link good for a week, once. Whoever holds the link is who was invited; what they sign in with
 * need not be the address. An invitee who runs an account of their own may bring it along (merge) or leave it (join).
 */
import { makeId } from '../core/ids.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { InvitationRow } from '../store/people/invitations.ts';
import type { PeopleStore } from '../store/people/people.ts';
import type { Actor, Audit, Grants, Inside, Invitation, InvitationChoice, Invitations } from './contracts.ts';
import { invitationMail, type Mailer } from './mails.ts';
import { normalEmail } from './password-rules.ts';
import { notAllowed, unknownGrants } from './people.ts';
import { type Refused, refusal } from './refusal.ts';
import { mayManage } from './roles.ts';
import { hashSecret, makeSecret, type Random } from './secrets.ts';

const LIFETIME_MS = 7 * 24 * 3_600_000;

export interface InvitationDeps {
  accounts: AccountStore;
  people: PeopleStore;
  connections: ConnectionStore;
  audit: Audit;
  /** Without one, links are shown to whoever invites. */
  mailer: Mailer | undefined;
  publicUrl: string;
  clock: { now(): number };
  random: Random;
}

export const createInvitations = (deps: InvitationDeps): Invitations => ({
  ...managing(deps),
  ...accepting(deps),
});

const gone = (): Refused => refusal('not_found', 'There is no such invitation (any more).');

function managing(deps: InvitationDeps) {
  const { people, audit, clock } = deps;
  return {
    list: async (accountId: string) =>
      (await people.invitations(accountId)).map((row) => shown(row, row.inviter, clock.now())),
    invite: (by: Actor, wish: { email: string; role: 'admin' | 'member'; workspaces?: Grants }) =>
      invite(deps, by, wish),
    renew: async (by: Actor, id: string) => {
      if (!mayManage(by.role)) return notAllowed();
      const secret = makeSecret(deps.random);
      const set = { hash: hashSecret(secret), expires_at: clock.now() + LIFETIME_MS };
      const row = await audit.together(async ({ people, record }) => {
        if (!(await people.renewInvitation(by.account_id, id, set))) return undefined;
        await record(by, { action: 'invitation.renewed', subject: id });
        return people.invitation(by.account_id, id);
      });
      return row ? deliver(deps, row, secret) : gone();
    },
    withdraw: async (by: Actor, id: string) => {
      if (!mayManage(by.role)) return notAllowed();
      return audit.together(async ({ people, record }) => {
        if (!(await people.removeInvitation(by.account_id, id))) return gone();
        await record(by, { action: 'invitation.withdrawn', subject: id });
        return undefined;
      });
    },
  };
}

async function invite(
  deps: InvitationDeps,
  by: Actor,
  { email, role, workspaces = 'all' }: { email: string; role: 'admin' | 'member'; workspaces?: Grants },
): Promise<{ invitation: Invitation; link?: string } | Refused> {
  const { people, audit, clock, random } = deps;
  if (!mayManage(by.role)) return notAllowed();
  const address = normalEmail(email);
  if (!address) return refusal('invalid', 'This is not an e-mail address.', 'email');
  const wrong = await unknownGrants(deps, by.account_id, workspaces);
  if (wrong) return wrong;
  const now = clock.now();
  const waiting = (await people.invitations(by.account_id)).find(
    (one) => one.email === address && one.accepted_at === null && Number(one.expires_at) > now,
  );
  if (waiting) return refusal('conflict', 'This address is invited already. Send it again instead.', 'email');
  const secret = makeSecret(random);
  const row: InvitationRow = {
    account_id: by.account_id,
    id: makeId('inv', now, random),
    hash: hashSecret(secret),
    email: address,
    role,
    workspaces: role === 'admin' || workspaces === 'all' ? null : JSON.stringify(workspaces),
    invited_by: by.person_id,
    mailed: deps.mailer ? 1 : 0,
    accepted_by: null,
    accepted_at: null,
    created_at: now,
    expires_at: now + LIFETIME_MS,
  };
  await audit.together(async (inside) => {
    await inside.people.addInvitation(row);
    await inside.record(by, { action: 'invitation.sent', subject: row.id, facts: { role } });
  });
  return deliver(deps, row, secret);
}

/** By mail, or as a link that is shown this once. */
async function deliver(
  { mailer, publicUrl, accounts, clock }: InvitationDeps,
  row: InvitationRow,
  secret: string,
): Promise<{ invitation: Invitation; link?: string }> {
  const link = `${publicUrl}/invitation/${secret}`;
  const [account, inviter] = await Promise.all([
    accounts.account(row.account_id),
    accounts.person(row.invited_by),
  ]);
  const by = inviter?.name ?? inviter?.email ?? null;
  const invitation = shown(row, by, clock.now());
  if (!mailer) return { invitation, link };
  const mail = invitationMail({ to: row.email, link, account: account?.name ?? 'Octopods', by });
  // A mail server that does not take it must not cost the invitation: then the link is passed on by hand.
  return (await mailer.send(mail)) ? { invitation } : { invitation, link };
}

const shown = (row: InvitationRow, inviter: string | null, now: number): Invitation => ({
  id: row.id,
  email: row.email,
  role: row.role,
  workspaces: row.workspaces === null ? 'all' : JSON.parse(row.workspaces),
  status: row.accepted_at !== null ? 'accepted' : Number(row.expires_at) <= now ? 'expired' : 'pending',
  invitedBy: inviter,
  at: Number(row.created_at),
  expiresAt: Number(row.expires_at),
});

function accepting(deps: InvitationDeps) {
  const { accounts, people, clock } = deps;
  const pending = (secret: string) => people.pendingInvitation(hashSecret(secret), clock.now());
  return {
    offer: async (secret: string) => {
      const row = await pending(secret);
      const account = row && (await accounts.account(row.account_id));
      if (!row || !account) return undefined;
      return {
        id: row.id,
        accountId: row.account_id,
        accountName: account.name,
        email: row.email,
        role: row.role,
        mailed: Number(row.mailed) === 1,
      };
    },
    choice: async (secret: string, personId: string) => {
      const row = await pending(secret);
      return row && choiceOf(deps, row, personId);
    },
    accept: async (secret: string, personId: string, merge?: string) => {
      const row = await pending(secret);
      if (!row)
        return refusal('not_found', 'This invitation was used, withdrawn, or is too old. Ask for a new one.');
      return accept(deps, row, personId, merge);
    },
  };
}

async function choiceOf(
  { accounts, people, connections }: InvitationDeps,
  row: InvitationRow,
  personId: string,
): Promise<InvitationChoice> {
  const owned = (await people.accountsOf(personId)).filter(
    (one) => one.role === 'owner' && one.id !== row.account_id,
  );
  const mergeable = await Promise.all(
    owned.map(async ({ id, name }) => ({
      accountId: id,
      name,
      workspaces: (await connections.workspacesOf(id))
        .filter((one) => one.status !== 'archived')
        .map((one) => ({ id: one.id, name: one.name, platform: one.platform })),
    })),
  );
  return {
    alreadyIn: (await accounts.roleOf(row.account_id, personId)) !== undefined,
    mergeable: mergeable.filter((one) => one.workspaces.length > 0),
  };
}

async function accept(
  deps: InvitationDeps,
  row: InvitationRow,
  personId: string,
  merge: string | undefined,
): Promise<{ accountId: string } | Refused> {
  const { audit, clock } = deps;
  const choice = await choiceOf(deps, row, personId);
  if (choice.alreadyIn) return refusal('conflict', 'You are in this account already.');
  if (merge !== undefined && !choice.mergeable.some((one) => one.accountId === merge))
    return refusal('not_found', 'There is no such account of yours that could be merged.', 'merge');
  const by = { account_id: row.account_id, person_id: personId, role: row.role };
  const accepted = await audit.together(async (inside) => {
    if (!(await inside.people.acceptInvitation(row, personId, clock.now()))) return false;
    await inside.record(by, { action: 'invitation.accepted', subject: row.id, facts: { role: row.role } });
    if (merge !== undefined) await mergeInto(inside, by, { from: merge, now: clock.now() });
    return true;
  });
  if (!accepted) return refusal('conflict', 'This invitation was used a moment ago.');
  await dropOwnWish(deps, row.account_id, personId);
  return { accountId: row.account_id };
}

/** The trail of the account that ends stays, with its end in it. */
async function mergeInto(
  { people, record }: Inside,
  by: Actor,
  { from, now }: { from: string; now: number },
): Promise<void> {
  const moved = await people.mergeAccounts(from, by.account_id, now);
  await record({ ...by, account_id: from }, { action: 'account.merged_away', subject: by.account_id });
  for (const workspaceId of moved)
    await record(by, { action: 'workspace.moved_in', workspaceId, facts: { from } });
}

/** Somebody who asked to join and was invited instead need not be asked about again. */
async function dropOwnWish(
  { accounts, people }: InvitationDeps,
  accountId: string,
  personId: string,
): Promise<void> {
  for (const wish of await accounts.joinRequests(accountId)) {
    const person = await accounts.personBy(wish);
    if (person?.id === personId) await people.takeJoinRequest(accountId, wish.id);
  }
}
