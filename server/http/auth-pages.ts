/**
 * The pages of signing in, as the auth router asks for them: it decides what happens, somebody else draws it. Every
 * page with a form gets `csrf` (a hidden field named `csrf`). Forms post to the path of their own page,
 * `application/x-www-form-urlencoded`.
 *
 * Paths (GET draws, POST acts): `/sign-in` (email, password, return) · `/sign-up` (name, email, password, invitation) ·
 * `/confirm/:secret` (password) · `/forgot` (email) · `/reset/:secret` (password) · `/locked` (email) ·
 * `/unlock/:secret` · `/address/:secret` · `/invitation/:secret` (merge) · `/sign-out` (POST only) ·
 * `/switch-account` (POST only: account_id, return). `GET /auth/:provider?return=&invitation=&link=1` leaves for Google,
 * Intercom or HubSpot.
 */
import type { Request, Response } from 'express';
import type { InvitationChoice, InvitationOffer } from '../accounts/contracts.ts';

interface Form {
  csrf: string;
  /** What was wrong with the last try, in a sentence. */
  error?: string;
  /** The field it was. */
  field?: string;
}
/** Providers by which one can sign in here: `intercom`, `hubspot`, `google`; and whether passwords are on. */
interface Ways {
  providers: { id: string; title: string }[];
  /** False without SMTP: no sign-up by password, no reset. Signing in with an existing password works all the same. */
  mail: boolean;
}

export type AuthPage =
  | ({ page: 'sign_in'; email?: string; returnTo?: string; notice?: string; invitation?: string } & Form &
      Ways)
  | ({ page: 'sign_up'; email?: string; name?: string; invitation?: string; offer?: InvitationOffer } & Form &
      Ways)
  /** The mailed link of a sign-up: asks for the password once more, then signs in. */
  | ({ page: 'confirm' } & Form)
  | ({ page: 'forgot' } & Form)
  | ({ page: 'reset' } & Form)
  | ({ page: 'locked' } & Form)
  | ({ page: 'unlock' } & Form)
  | ({ page: 'address' } & Form)
  /** `choice` only for somebody who is signed in; without it: sign in or sign up first, with the invitation. */
  | ({ page: 'invitation'; offer: InvitationOffer; choice?: InvitationChoice; secret: string } & Form & Ways)
  /** Nothing to fill in: "look into your mail", "this link is no longer good". */
  | { page: 'message'; title: string; text: string; link?: { href: string; label: string } };

export type DrawAuthPage = (request: Request, response: Response, page: AuthPage, status: number) => void;
