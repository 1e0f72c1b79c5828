/**
 * A page of the console as data: who may open it and what it answers. The router serves from the list, and tests go
 * through the same list, so that no page can be added past them.
 */
import type { Membership } from '../store/people/accounts.ts';
import type { Html } from './html.ts';

/** Which entry of the navigation is the current one. */
export type Section =
  | 'workspaces'
  | 'activity'
  | 'failures'
  | 'traffic'
  | 'team'
  | 'tokens'
  | 'audit'
  | 'doctor'
  | 'account';

export interface Page {
  /** Without the product's name. */
  title: string;
  body: Html;
  section?: Section;
  /** 200 without it. */
  status?: number;
}
export type Answer =
  | Page
  /** A path of our own, after a form was done: 303. */
  | { goTo: string; session?: SessionChange }
  /** A page without the frame: nobody is signed in, or it makes no difference. */
  | (Page & { bare: true; session?: SessionChange })
  | { download: string; type: string; lines: AsyncIterable<string> };
/** The new session's secret, or the end of the old one. */
type SessionChange = { secret: string } | 'ended';

export interface Visit {
  method: 'GET' | 'POST';
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  /** What a form sent; empty for a GET. */
  form: URLSearchParams;
  /** Who is signed in. */
  member?: Membership;
  /** The secret behind `member`. */
  session?: string;
  /** What this browser's forms are signed with; without one it has got no form from us yet. */
  formSecret?: string;
  /** The visitor's network address, for throttling. */
  from: string;
  /** How the browser introduces itself. */
  agent?: string;
  /** ms since 1970. */
  now: number;
}
export type MemberVisit = Visit & { member: Membership };

export interface PageRoute {
  method: 'get' | 'post';
  /** As Express writes it. */
  path: string;
  who: 'anyone' | 'member' | 'manager';
  run(visit: MemberVisit): Promise<Answer>;
}

/** For everybody, signed in or not. */
export const open = (
  method: 'get' | 'post',
  path: string,
  run: (visit: Visit) => Promise<Answer>,
): PageRoute => ({
  method,
  path,
  who: 'anyone',
  run,
});
/** For whoever is signed in. */
export const inside = (
  method: 'get' | 'post',
  path: string,
  run: (visit: MemberVisit) => Promise<Answer>,
): PageRoute => ({ method, path, who: 'member', run });
/** For owners and admins: members get 403. */
export const managed = (
  method: 'get' | 'post',
  path: string,
  run: (visit: MemberVisit) => Promise<Answer>,
): PageRoute => ({ method, path, who: 'manager', run });
