/**
 * The audit trail: who did what, when, to which workspace. Only references (ids) and salted hashes: erasing a customer
 * or a person leaves the chain whole and tells nothing about them.
 */
import type { AuditRow, AuditStore, NewAuditRow } from '../store/people/audit.ts';
import type { Audit, AuditEntry, AuditWish, Author } from './contracts.ts';

/** Octopods itself: a token was refused, a workspace was renamed at its platform. */
const SYSTEM = 'system';

export function createAudit(store: AuditStore, clock: { now(): number }): Audit {
  const rowOf = (by: Author, { action, workspaceId, subject, facts }: AuditWish): NewAuditRow => ({
    account_id: by.account_id,
    at: clock.now(),
    actor: 'system' in by ? SYSTEM : by.person_id,
    token_id: tokenOf(by),
    action,
    workspace_id: workspaceId ?? null,
    subject: subject ?? null,
    facts: facts ?? {},
  });
  return {
    record: (by, wish) => store.append(rowOf(by, wish)),
    together: (work) =>
      store.together(clock, ({ append, ...stores }) =>
        work({ ...stores, record: (by, wish) => append(rowOf(by, wish)) }),
      ),
    noting: async (by) => {
      const note = await store.noting();
      return (...wishes) =>
        async (trx) => {
          for (const wish of wishes) await note(rowOf(by, wish))(trx);
        };
    },
    list: async (accountId, query) => {
      const rows = await store.page(accountId, { ...query, limit: query.limit + 1 });
      const page = rows.slice(0, query.limit);
      return {
        entries: page.map(asEntry),
        next: rows.length > page.length ? (page.at(-1)?.seq ?? null) : null,
      };
    },
    export: (accountId) => exported(store, accountId),
    verify: async (accountId) => {
      const accounts = accountId === undefined ? await store.accounts() : [accountId];
      const checks = await Promise.all(accounts.map((one) => store.check(one)));
      const broken = checks.flatMap((one) => (one.broken ? [one.broken] : []));
      if (broken.length > 0) return { ok: false, broken };
      return {
        ok: true,
        accounts: accounts.length,
        entries: checks.reduce((sum, one) => sum + one.entries, 0),
      };
    },
    pseudonym: (...words) => store.pseudonym(words),
  };
}

const tokenOf = (by: Author): string | null => ('token_id' in by && by.token_id ? by.token_id : null);

const asEntry = (row: AuditRow): AuditEntry => ({
  seq: row.seq,
  at: row.at,
  actor: row.actor,
  tokenId: row.token_id,
  action: row.action,
  workspaceId: row.workspace_id,
  subject: row.subject,
  facts: row.facts,
});

async function* exported(store: AuditStore, accountId: string): AsyncGenerator<string> {
  for await (const row of store.all(accountId))
    yield `${JSON.stringify({ ...asEntry(row), at: new Date(row.at).toISOString(), mac: row.mac })}\n`;
}
