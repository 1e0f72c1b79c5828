/** A connection that breaks or works again is news: for the audit trail, and by mail for those who can mend it. */
import type { ConnectionStore, StatusChange } from '../store/connections/connections.ts';
import type { Note } from '../store/people/audit.ts';
import type { PeopleStore } from '../store/people/people.ts';
import type { Audit } from './contracts.ts';
import { connectionMail, type Mailer } from './mails.ts';
import { mayManage } from './roles.ts';

interface NewsDeps {
  connections: ConnectionStore;
  people: PeopleStore;
  audit: Audit;
  mailer: Mailer | undefined;
  publicUrl: string;
}

export function statusNews(deps: NewsDeps): (change: StatusChange) => Promise<void> {
  const { connections, audit } = deps;
  return async (change) => {
    const { workspaceId, id, from, to } = change;
    const workspace = await connections.workspace(workspaceId);
    if (!workspace) return;
    const kind = id === workspaceId ? 'workspace' : 'channel';
    await audit.record(
      { account_id: workspace.account_id, system: true },
      { action: `${kind}.status_changed`, workspaceId, subject: id, facts: { from, to } },
    );
    if (to === 'disconnected') await alarm(deps, workspace, change);
  };
}

/** A workspace is called what its platform calls it, whoever found out. */
export const renameNews =
  ({ connections, audit }: Pick<NewsDeps, 'connections' | 'audit'>) =>
  async (workspaceId: string): Promise<Note | undefined> => {
    const workspace = await connections.workspace(workspaceId);
    if (!workspace) return undefined;
    const note = await audit.noting({ account_id: workspace.account_id, system: true });
    return note({ action: 'workspace.renamed', workspaceId });
  };

async function alarm(
  { connections, people, mailer, publicUrl }: NewsDeps,
  workspace: { id: string; account_id: string; name: string },
  { workspaceId, id, reason }: StatusChange,
): Promise<void> {
  if (!mailer) return;
  const channel = id === workspaceId ? undefined : await connections.channel(workspaceId, id);
  const link = channel ? `${publicUrl}/channels/${id}` : `${publicUrl}/workspaces/${workspaceId}`;
  const facts = { name: channel?.name ?? workspace.name, why: reason ?? 'the reason is not known', link };
  for (const { role, email } of await people.members(workspace.account_id))
    if (email && mayManage(role)) mailer.post(connectionMail({ to: email, ...facts }));
}
