/**
 * Signing in by way of a provider. Who someone is = (provider, subject): an e-mail address that a provider claims is
 * kept to be shown and is never a way into an account that exists.
 */
import { makeId } from '../core/ids.ts';
import type { Actor, ProviderIdentity, SignIns } from './contracts.ts';
import { type EntryDeps, enterAccount } from './entry.ts';
import { refusal } from './refusal.ts';

export function createSignIns(deps: EntryDeps): SignIns {
  const { accounts, people, audit, clock, random } = deps;
  return {
    enter: async ({ provider, subject, name, email }, invitation) => {
      const known = await accounts.personBy({ provider, subject });
      const newcomer = {
        id: makeId('per', clock.now(), random),
        name: name ?? null,
        email: email ?? null,
      };
      const person = known ?? (await accounts.addPerson(newcomer, { provider, subject }));
      const entered = await enterAccount(deps, person, { isNew: !known, invitation });
      await record(deps, entered, provider);
      return entered;
    },
    link: async (by: Actor, { provider, subject }: ProviderIdentity) => {
      const login = { provider, subject };
      const entry = { action: 'login.added', subject: by.person_id, facts: { provider } };
      const isMine = await audit.together(async (inside) => {
        if ((await inside.accounts.addLogin(by.person_id, login)) !== by.person_id) return false;
        await inside.record(by, entry);
        return true;
      });
      if (isMine) return undefined;
      return refusal('conflict', 'Somebody signs in this way already. Sign in as them to see who it is.');
    },
    unlink: async (by: Actor, provider: string) => {
      const logins = await people.loginsOf([by.person_id]);
      if (!logins.some((one) => one.provider === provider))
        return refusal('not_found', 'You do not sign in this way.');
      if (logins.every((one) => one.provider === provider))
        return refusal('conflict', 'This is your only way in. Add another one first.');
      return audit.together(async (inside) => {
        await inside.accounts.removeLogins(by.person_id, provider);
        await inside.record(by, { action: 'login.removed', subject: by.person_id, facts: { provider } });
        return undefined;
      });
    },
    loginsOf: async (personId) =>
      (await people.loginsOf([personId])).map(({ provider, created_at }) => ({
        provider,
        since: created_at,
      })),
    switchTo: async (personId, accountId) =>
      (await accounts.roleOf(accountId, personId))
        ? { person_id: personId, account_id: accountId, isNew: false }
        : refusal('not_found', 'There is no such account.'),
  };
}

/** Who came in and how: the trail of the account that they came into. */
export async function record(
  { accounts, audit }: Pick<EntryDeps, 'accounts' | 'audit'>,
  { account_id, person_id }: { account_id: string; person_id: string },
  provider: string,
): Promise<void> {
  const role = (await accounts.roleOf(account_id, person_id)) ?? 'member';
  await audit.record(
    { account_id, person_id, role },
    { action: 'signed_in', subject: person_id, facts: { provider } },
  );
}
