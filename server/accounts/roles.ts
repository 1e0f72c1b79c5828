import type { Role } from '../store/accounts.ts';

/** Owners and admins connect workspaces and channels; members use them. */
export const mayManage = (role: Role): boolean => role === 'owner' || role === 'admin';
