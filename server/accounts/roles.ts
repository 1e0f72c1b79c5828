import type { Membership, Role } from '../store/people/accounts.ts';

/** Owners and admins connect workspaces and channels; members use them. */
export const mayManage = (role: Role): boolean => role === 'owner' || role === 'admin';

/** Whether a workspace of their account exists for them: a member can be limited to some. */
export const maySee = ({ workspaces }: Pick<Membership, 'workspaces'>, workspaceId: string): boolean =>
  workspaces === undefined || workspaces.includes(workspaceId);
