/**
 * What an install (OAuth) at a platform does to accounts. The rules, in one place:
 * a workspace nobody has linked founds an account or joins the one that is signed in; a linked one lets in only those
 * who are members already. Everybody else leaves a join request, and nothing else changes.
 */
import type { Installation } from '../core/adapter.ts';
import { makeId } from '../core/ids.ts';
import type { ConnectionStore, Workspace } from '../store/connections/connections.ts';
import { AlreadyLinked } from '../store/database/refusals.ts';
import type { AccountStore, Membership } from '../store/people/accounts.ts';
import type { Audit, AuditWish } from './contracts.ts';
import { mayManage } from './roles.ts';
import type { Random } from './secrets.ts';

export type InstallOutcome =
  /** A new account, its owner to be signed in. */
  | { kind: 'founded'; workspaceId: string; signIn: Omit<Membership, 'role'> }
  /** One more workspace in the account that is signed in. */
  | { kind: 'added'; workspaceId: string }
  /** The same workspace again, by someone who may: new credentials. `signIn` unless somebody is signed in already. */
  | { kind: 'repaired'; workspaceId: string; signIn?: Omit<Membership, 'role'> }
  /** A member without the right to connect: signed in, the workspace untouched. */
  | { kind: 'signed_in'; workspaceId: string; signIn: Omit<Membership, 'role'> }
  /** Nothing changed but a request to the owner. */
  | { kind: 'join_requested' }
  /** Nothing changed: the installer is a member there, but somebody is signed in to another account here. */
  | { kind: 'other_account' };

export interface Installs {
  /** `session`: who is signed in, an owner or admin (members are turned away before the code is redeemed). */
  complete(
    platform: string,
    installation: Installation,
    session: Membership | undefined,
  ): Promise<InstallOutcome>;
}

interface InstallDeps {
  accounts: AccountStore;
  audit: Pick<Audit, 'record' | 'noting'>;
  connections: ConnectionStore;
  clock: { now(): number };
  random: Random;
  /** Wakes the relay: what waited for this workspace can leave. */
  onReconnected(workspaceId: string): void;
}

export function createInstalls(deps: InstallDeps): Installs {
  const { connections } = deps;

  async function complete(
    platform: string,
    installation: Installation,
    session: Membership | undefined,
  ): Promise<InstallOutcome> {
    const linked = await connections.workspaceByExternalId(platform, installation.externalId);
    if (linked) return noted(deps, await installAgain(deps, linked, installation, session), linked, session);
    try {
      if (!session) return await foundAccount(deps, platform, installation);
      const workspaceId = await addWorkspace(deps, platform, installation, session);
      return { kind: 'added', workspaceId };
    } catch (error) {
      // Somebody else linked it between our look and our insert: the unique index decides, we look again.
      if (error instanceof AlreadyLinked) return complete(platform, installation, session);
      throw error;
    }
  }
  return { complete };
}

/** `before`: what stands in the trail in front of it. */
async function addWorkspace(
  { connections, audit, clock, random }: InstallDeps,
  platform: string,
  installation: Installation,
  by: Membership,
  ...before: AuditWish[]
): Promise<string> {
  const workspaceId = makeId('wsp', clock.now(), random);
  const note = await audit.noting(by);
  const row = {
    id: workspaceId,
    account_id: by.account_id,
    platform,
    external_id: installation.externalId,
    name: installation.name,
    connected_by: by.person_id,
    credentials: installation.credentials,
    settings: installation.settings,
  };
  const connected = { action: 'workspace.connected', workspaceId, facts: { platform } };
  await connections.addWorkspace(row, note(...before, connected));
  return workspaceId;
}

/** The account before its workspace: a crash in between leaves an empty account, never a workspace without an owner. */
async function foundAccount(
  deps: InstallDeps,
  platform: string,
  installation: Installation,
): Promise<InstallOutcome> {
  const { accounts, clock, random } = deps;
  const { provider, subject, name, email } = installation.installer;
  const person = await accounts.addPerson(
    { id: makeId('per', clock.now(), random), name: name ?? null, email: email ?? null },
    { provider, subject },
  );
  const signIn = { account_id: makeId('acc', clock.now(), random), person_id: person.id };
  await accounts.addAccount({ id: signIn.account_id, name: installation.name }, person.id);
  try {
    const by = { ...signIn, role: 'owner' as const };
    const workspaceId = await addWorkspace(deps, platform, installation, by, { action: 'account.founded' });
    return { kind: 'founded', workspaceId, signIn };
  } catch (error) {
    await accounts.removeAccount(signIn.account_id);
    throw error;
  }
}

/** What an install changed (or was kept from changing) in the account that holds the workspace. */
async function noted(
  { audit }: InstallDeps,
  outcome: InstallOutcome,
  { id: workspaceId, account_id }: Workspace,
  session: Membership | undefined,
): Promise<InstallOutcome> {
  if (outcome.kind === 'join_requested')
    await audit.record({ account_id, system: true }, { action: 'join.requested', workspaceId });
  if (outcome.kind === 'repaired') {
    const by = outcome.signIn ? { ...outcome.signIn, role: 'admin' as const } : session;
    if (by) await audit.record(by, { action: 'workspace.repaired', workspaceId });
  }
  return outcome;
}

async function installAgain(
  deps: InstallDeps,
  workspace: Workspace,
  installation: Installation,
  session: Membership | undefined,
): Promise<InstallOutcome> {
  if (session?.account_id === workspace.account_id) {
    await repair(deps, workspace, installation);
    return { kind: 'repaired', workspaceId: workspace.id };
  }
  const person = await deps.accounts.personBy(installation.installer);
  const role = person && (await deps.accounts.roleOf(workspace.account_id, person.id));
  if (!person || !role) return requestToJoin(deps, workspace, installation);
  if (session) return { kind: 'other_account' };
  const signIn = { account_id: workspace.account_id, person_id: person.id };
  if (!mayManage(role)) return { kind: 'signed_in', workspaceId: workspace.id, signIn };
  await repair(deps, workspace, installation);
  return { kind: 'repaired', workspaceId: workspace.id, signIn };
}

async function requestToJoin(
  { accounts, clock, random }: InstallDeps,
  workspace: Workspace,
  { installer }: Installation,
): Promise<InstallOutcome> {
  await accounts.addJoinRequest({
    account_id: workspace.account_id,
    id: makeId('joi', clock.now(), random),
    workspace_id: workspace.id,
    provider: installer.provider,
    subject: installer.subject,
    name: installer.name ?? null,
    email: installer.email ?? null,
  });
  return { kind: 'join_requested' };
}

async function repair(deps: InstallDeps, workspace: Workspace, installation: Installation): Promise<void> {
  const { connections, onReconnected } = deps;
  const connection = { workspaceId: workspace.id, id: workspace.id };
  await connections.saveCredentials(connection, installation.credentials);
  await connections.mergeSettings(connection, installation.settings);
  if (installation.name !== workspace.name)
    await connections.renameWorkspace(workspace.id, installation.name);
  await connections.setStatus(connection, 'active', null);
  onReconnected(workspace.id);
}
