/** Into which account somebody comes when they sign in, and the founding of one for who has none. */
import { makeId } from '../core/ids.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { PeopleStore } from '../store/people/people.ts';
import type { Audit, Invitations, SignedIn } from './contracts.ts';
import { isRefused } from './refusal.ts';
import type { Random } from './secrets.ts';

export interface EntryDeps {
  accounts: AccountStore;
  people: PeopleStore;
  invitations: Pick<Invitations, 'accept'>;
  audit: Audit;
  clock: { now(): number };
  random: Random;
}

/**
 * A newcomer with an invitation joins the account that invites; anybody else comes into their first account. Who has
 * an account already decides about an invitation on its own page (join or merge).
 */
export async function enterAccount(
  deps: EntryDeps,
  person: { id: string; name: string | null; email: string | null },
  { isNew, invitation }: { isNew: boolean; invitation?: string | undefined },
): Promise<SignedIn> {
  const [first] = await deps.people.accountsOf(person.id);
  if (first) return { person_id: person.id, account_id: first.id, isNew };
  if (invitation) {
    const accepted = await deps.invitations.accept(invitation, person.id);
    if (!isRefused(accepted)) return { person_id: person.id, account_id: accepted.accountId, isNew };
  }
  const account = { id: makeId('acc', deps.clock.now(), deps.random), name: accountName(person) };
  const by = { account_id: account.id, person_id: person.id, role: 'owner' as const };
  await deps.audit.together(async ({ accounts, record }) => {
    await accounts.addAccount(account, person.id);
    await record(by, { action: 'account.founded' });
  });
  return { person_id: person.id, account_id: account.id, isNew };
}

const accountName = ({ name, email }: { name: string | null; email: string | null }): string =>
  name ?? email?.split('@')[1] ?? 'My account';
