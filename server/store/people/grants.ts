import type { Database } from '../database/open.ts';

/** The workspaces that a limited member may see; anything that is not granted does not exist for them. */
export async function grantsOf(
  db: Database,
  { account_id, person_id }: { account_id: string; person_id: string },
): Promise<string[]> {
  const rows = await db
    .selectFrom('workspace_grant')
    .select('workspace_id')
    .where('account_id', '=', account_id)
    .where('person_id', '=', person_id)
    .orderBy('workspace_id')
    .execute();
  return rows.map((row) => row.workspace_id);
}

export const dropGrants = (db: Database, accountId: string, personId: string) =>
  db
    .deleteFrom('workspace_grant')
    .where('account_id', '=', accountId)
    .where('person_id', '=', personId)
    .execute();

/** `workspaces` undefined: no limit. Inside the caller's transaction. */
export async function limit(
  trx: Database,
  accountId: string,
  personId: string,
  workspaces: string[] | undefined,
): Promise<void> {
  await dropGrants(trx, accountId, personId);
  await trx
    .updateTable('member')
    .set({ limited: workspaces ? 1 : 0 })
    .where('account_id', '=', accountId)
    .where('person_id', '=', personId)
    .execute();
  if (workspaces && workspaces.length > 0)
    await trx
      .insertInto('workspace_grant')
      .values(
        workspaces.map((workspace_id) => ({ workspace_id, person_id: personId, account_id: accountId })),
      )
      .execute();
}
