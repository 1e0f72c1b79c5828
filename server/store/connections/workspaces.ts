/** The rows of workspaces. A workspace's data key is made here and destroyed here, when it is archived. */
import type { Selectable } from 'kysely';
import { inTransaction } from '../database/in-transaction.ts';
import { insertOnce } from '../database/insert-once.ts';
import type { Database } from '../database/open.ts';
import type { WorkspaceTable } from '../database/schema.ts';
import { scrub } from '../database/scrub.ts';
import type { Note } from '../people/audit.ts';
import type { KeyRing } from '../sealing/keyring.ts';
import { createSeal } from '../sealing/seal.ts';

export type Workspace = Omit<Selectable<WorkspaceTable>, 'credentials' | 'settings' | 'wrapped_key'> & {
  settings: Record<string, unknown>;
};
export type NewWorkspace = Pick<
  Workspace,
  'id' | 'account_id' | 'platform' | 'external_id' | 'name' | 'connected_by'
> & {
  credentials: unknown;
  settings: Record<string, unknown>;
};

/** Asked before a workspace is renamed; what it answers is written with the new name, in one transaction. */
type Renaming = (workspaceId: string) => Promise<Note | undefined>;

/** `note`: written in the same transaction. */
export interface WorkspaceRows {
  workspace(id: string): Promise<Workspace | undefined>;
  workspaceByExternalId(platform: string, externalId: string): Promise<Workspace | undefined>;
  workspacesOf(accountId: string): Promise<Workspace[]>;
  /** Throws `AlreadyLinked` when (platform, external id) is linked already. */
  addWorkspace(workspace: NewWorkspace, note?: Note): Promise<void>;
  /** As its platform calls it now. */
  renameWorkspace(id: string, name: string): Promise<void>;
  onRenaming(asked: Renaming): void;
  /** Channels go with it; credentials and the data key are destroyed. */
  archiveWorkspace(id: string, note?: Note): Promise<void>;
}

export const liveWorkspaces = (db: Database) =>
  db.selectFrom('workspace').selectAll().where('status', '<>', 'archived');

const asWorkspace = (row: Selectable<WorkspaceTable>): Workspace => {
  const { credentials: _credentials, wrapped_key: _key, settings, ...rest } = row;
  return { ...rest, settings: JSON.parse(settings) };
};

interface Workings {
  keys: KeyRing;
  clock: { now(): number };
  /** Called after every write: what was read before is out of date. */
  changed(): void;
  /** The data key of this workspace is gone. */
  forgetSeal(workspaceId: string): void;
}

export function workspaceRows(db: Database, { keys, clock, changed, forgetSeal }: Workings): WorkspaceRows {
  let renaming: Renaming = async () => undefined;
  return {
    ...workspaceReads(db),
    onRenaming: (asked) => {
      renaming = asked;
    },
    addWorkspace: async (workspace: NewWorkspace, note?: Note) => {
      const now = clock.now();
      const dataKey = keys.newDataKey();
      const { credentials, settings, ...rest } = workspace;
      const row = {
        ...rest,
        status: 'active' as const,
        reason: null,
        credentials: createSeal(dataKey).seal(`workspace ${workspace.id}`, credentials),
        settings: JSON.stringify(settings),
        wrapped_key: await keys.wrap(dataKey),
        created_at: now,
        updated_at: now,
      };
      await inTransaction(db, async (trx) => {
        await insertOnce(trx.insertInto('workspace').values(row));
        await note?.(trx);
      });
      changed();
    },
    renameWorkspace: async (id: string, name: string) => {
      const note = await renaming(id);
      const named = { name, updated_at: clock.now() };
      await inTransaction(db, async (trx) => {
        await trx.updateTable('workspace').set(named).where('id', '=', id).execute();
        await note?.(trx);
      });
      changed();
    },
    archiveWorkspace: async (id: string, note?: Note) => {
      const gone = { status: 'archived' as const, credentials: null, updated_at: clock.now() };
      await inTransaction(db, async (trx) => {
        await trx.updateTable('channel').set(gone).where('workspace_id', '=', id).execute();
        await trx
          .updateTable('workspace')
          .set({ ...gone, wrapped_key: null })
          .where('id', '=', id)
          .execute();
        await note?.(trx);
      });
      await scrub(db);
      forgetSeal(id);
      changed();
    },
  };
}

const workspaceReads = (db: Database) => ({
  workspace: async (id: string) => {
    const row = await db.selectFrom('workspace').selectAll().where('id', '=', id).executeTakeFirst();
    return row && asWorkspace(row);
  },
  workspaceByExternalId: async (platform: string, externalId: string) => {
    const row = await liveWorkspaces(db)
      .where('platform', '=', platform)
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    return row && asWorkspace(row);
  },
  workspacesOf: async (accountId: string) =>
    (
      await db.selectFrom('workspace').selectAll().where('account_id', '=', accountId).orderBy('id').execute()
    ).map(asWorkspace),
});
