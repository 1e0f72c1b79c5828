/**
 * Paths that mails and providers lead to: `/invitation/:secret` · `/confirm/:secret` (asks for the password) ·
 * `/reset/:secret` · `/unlock/:secret` · `/address/:secret`, each a page with a form (a link alone changes nothing:
 * mail scanners open them). `GET /auth/:provider?return=&invitation=&link=1` leaves for Google, Intercom or HubSpot and
 * comes back to `return`, `/invitation/:secret`, or `/sign-in?problem=<code>` (see http/auth.ts).
 *
 * What the people side of Octopods can do, as the pages, the API and the command line use it. Every service that
 * changes something takes who does it first (`by`), checks their role itself, and writes the audit trail itself.
 */
import type { Membership, Role } from '../store/people/accounts.ts';
import type { Note, Together } from '../store/people/audit.ts';
import type { Refused } from './refusal.ts';

/** Whoever acts, in one account, with the role and workspaces that they have right now. */
export type Actor = Membership & { token_id?: string };

/** ids, or all that there are and will be. */
export type Grants = 'all' | string[];

// ---------------------------------------------------------------- people.ts

export interface TeamMember {
  personId: string;
  name: string | null;
  email: string | null;
  role: Role;
  /** Only members can be limited; owners and admins have all. */
  workspaces: Grants;
  since: number;
  /** How they sign in: `password`, `google`, `intercom`, `hubspot`. */
  logins: string[];
}
export interface JoinWish {
  id: string;
  workspaceId: string;
  workspaceName: string;
  /** Where they tried to connect it from. */
  provider: string;
  name: string | null;
  email: string | null;
  at: number;
}
/** Team of one account. Nobody changes or removes the owner or themselves; members change nobody (`forbidden`). */
export interface People {
  team(accountId: string): Promise<TeamMember[]>;
  changeRole(by: Actor, personId: string, role: 'admin' | 'member'): Promise<Refused | undefined>;
  /** Limits a member to workspaces of the account, or lifts the limit. */
  grant(by: Actor, personId: string, workspaces: Grants): Promise<Refused | undefined>;
  /** Their sessions and tokens of this account end with it. */
  remove(by: Actor, personId: string): Promise<Refused | undefined>;
  /** Only the owner; the old one becomes an admin. */
  transferOwnership(by: Actor, personId: string): Promise<Refused | undefined>;
  joinWishes(accountId: string): Promise<JoinWish[]>;
  acceptJoin(by: Actor, id: string, role: 'admin' | 'member'): Promise<Refused | undefined>;
  declineJoin(by: Actor, id: string): Promise<Refused | undefined>;
  /** Every account of a person, for the account switch. */
  accountsOf(personId: string): Promise<{ id: string; name: string; role: Role }[]>;
  rename(by: Actor, accountName: string): Promise<Refused | undefined>;
}

// ---------------------------------------------------------------- invitations.ts

export interface Invitation {
  id: string;
  email: string;
  role: 'admin' | 'member';
  workspaces: Grants;
  status: 'pending' | 'accepted' | 'expired';
  invitedBy: string | null;
  at: number;
  expiresAt: number;
}
/** What an invitee sees before they decide. */
export interface InvitationOffer {
  id: string;
  accountId: string;
  accountName: string;
  email: string;
  role: 'admin' | 'member';
  /** It went by mail: whoever has the link reads that mailbox. */
  mailed: boolean;
}
/** What accepting would mean for the person who is signed in. */
export interface InvitationChoice {
  /** They are in the account already: nothing to accept. */
  alreadyIn: boolean;
  /**
   * Accounts that they own and that have live workspaces: each can be merged (its workspaces and channels move into
   * the inviting account, its people become members limited to them), or left as it is (join).
   */
  mergeable: {
    accountId: string;
    name: string;
    workspaces: { id: string; name: string; platform: string }[];
  }[];
}
export interface Invitations {
  list(accountId: string): Promise<Invitation[]>;
  /** `link` only when no mail could be sent: it is shown this once. `/invitation/<secret>` below PUBLIC_URL. */
  invite(
    by: Actor,
    wish: { email: string; role: 'admin' | 'member'; workspaces?: Grants },
  ): Promise<{ invitation: Invitation; link?: string } | Refused>;
  /** A new link (the old one stops working), mailed or shown. */
  renew(by: Actor, id: string): Promise<{ invitation: Invitation; link?: string } | Refused>;
  withdraw(by: Actor, id: string): Promise<Refused | undefined>;
  /** Undefined: unknown, used, withdrawn or expired, all alike. */
  offer(secret: string): Promise<InvitationOffer | undefined>;
  choice(secret: string, personId: string): Promise<InvitationChoice | undefined>;
  /** `merge`: the id of one of `mergeable`. Answers the account in which to be signed in from now on. */
  accept(secret: string, personId: string, merge?: string): Promise<{ accountId: string } | Refused>;
}

// ---------------------------------------------------------------- signin.ts (Intercom, HubSpot, Google)

/** Who someone is, as a provider says it. */
export interface ProviderIdentity {
  provider: string;
  subject: string;
  name?: string;
  email?: string;
  emailVerified: boolean;
}
/** Someone to be signed in. */
export interface SignedIn {
  person_id: string;
  account_id: string;
  /** First time here: the account was founded a moment ago. */
  isNew: boolean;
}
/**
 * Who someone is = (provider, subject). An address that another provider claims is never a way in: a new identity is
 * a new person, whatever its e-mail says.
 */
export interface SignIns {
  /** `invitation`: the secret under way; a newcomer joins its account instead of founding one. */
  enter(identity: ProviderIdentity, invitation?: string): Promise<SignedIn>;
  /** One more way to sign in for a person who is signed in. */
  link(by: Actor, identity: ProviderIdentity): Promise<Refused | undefined>;
  /** Never the last way in. */
  unlink(by: Actor, provider: string): Promise<Refused | undefined>;
  loginsOf(personId: string): Promise<{ provider: string; since: number }[]>;
  /** Into another account of the same person. */
  switchTo(personId: string, accountId: string): Promise<SignedIn | Refused>;
}

// ---------------------------------------------------------------- passwords.ts

/** Everything here answers the same for an address that exists and one that does not; mails tell the truth. */
export interface Passwords {
  /** False without SMTP: sign-up, reset and change of address are off. */
  readonly mail: boolean;
  /** Always "look into your mail", unless the form itself is wrong (`invalid`). */
  signUp(
    form: { email: string; password: string; name: string; invitation?: string },
    from: string,
  ): Promise<Refused | undefined>;
  /** The mailed link, with the password chosen at sign-up: a link alone that somebody else asked for is worth nothing. */
  confirm(secret: string, password: string): Promise<SignedIn | Refused>;
  /** `from`: the caller's network address, for throttling. `retryAfterS`: too many tries from there. */
  signIn(
    form: { email: string; password: string },
    from: string,
  ): Promise<SignedIn | { refused: 'wrong' } | { refused: 'throttled'; retryAfterS: number }>;
  requestReset(email: string, from: string): Promise<void>;
  /** Six hours, once. Ends every session of the person and unlocks. */
  reset(secret: string, password: string): Promise<SignedIn | Refused>;
  requestUnlock(email: string, from: string): Promise<void>;
  unlock(secret: string): Promise<Refused | undefined>;
  /** Signed in, with the present password. End the other sessions afterwards: `sessions.revokeOthers`. */
  change(by: Actor, form: { current: string; password: string }): Promise<Refused | undefined>;
  /** Mails a link to the new address; until it is used the old one signs in. */
  requestAddress(by: Actor, form: { email: string; password: string }): Promise<Refused | undefined>;
  confirmAddress(secret: string): Promise<Refused | undefined>;
  pendingAddress(personId: string): Promise<string | undefined>;
  hasPassword(personId: string): Promise<boolean>;
}

// ---------------------------------------------------------------- sessions.ts (in addition to what is there)

export interface SessionRow {
  /** Names the session without being its secret. */
  id: string;
  startedAt: number;
  lastUsedAt: number;
  expiresAt: number;
  /** As the browser introduced itself, cut to 200 characters. */
  agent: string | null;
  /** How they signed in. */
  provider: string | null;
  isThis: boolean;
}

// ---------------------------------------------------------------- audit.ts

export interface AuditEntry {
  seq: number;
  at: number;
  /** A person's id, or `system`. */
  actor: string;
  /** Set when a token acted for the person. */
  tokenId: string | null;
  /** `member.role_changed`, `workspace.archived`… */
  action: string;
  workspaceId: string | null;
  /** What it was done to: an id, or a salted hash; never an address or a number. */
  subject: string | null;
  /** Small facts: roles, statuses, counts. No personal data. */
  facts: Record<string, string | number | boolean | null>;
}
export interface Inside extends Omit<Together, 'append'>, Pick<Audit, 'record'> {}
export interface AuditWish {
  action: string;
  workspaceId?: string;
  subject?: string;
  facts?: AuditEntry['facts'];
}
export type AuditVerdict =
  | { ok: true; accounts: number; entries: number }
  | { ok: false; broken: { accountId: string; seq: number; why: string }[] };
export type Author = Actor | { account_id: string; system: true };
export interface Audit {
  /** For what happened without a change of ours, or where the change cannot share a transaction with its entry. */
  record(by: Author, wish: AuditWish): Promise<void>;
  /** Changes and their entries: all are there, or none. `work` may ask nobody but the stores that it is handed. */
  together<Result>(work: (inside: Inside) => Promise<Result>): Promise<Result>;
  /** Entries that another store writes in the transaction of its change. */
  noting(by: Author): Promise<(...wishes: AuditWish[]) => Note>;
  /** Newest first. */
  list(
    accountId: string,
    query: { before?: number; limit: number; workspaceId?: string; action?: string },
  ): Promise<{ entries: AuditEntry[]; next: number | null }>;
  /** One JSON object a line, oldest first, with the chain's hashes: checkable elsewhere. */
  export(accountId: string): AsyncIterable<string>;
  /** `octopods audit verify`: every account's chain, or one's. */
  verify(accountId?: string): Promise<AuditVerdict>;
  /** A salted hash that names a customer without telling who: the same customer, the same hash. */
  pseudonym(...words: string[]): Promise<string>;
}

// ---------------------------------------------------------------- doctor.ts

export interface Finding {
  check:
    | 'credentials'
    | 'scopes'
    | 'webhook'
    | 'signatures'
    | 'clock'
    | 'public_url'
    | 'inbound'
    | 'provider';
  state: 'ok' | 'attention' | 'broken' | 'unknown';
  /** What is so, in a sentence. */
  says: string;
  /** What to do, in a sentence; always there when `broken`. */
  fix?: string;
}
export interface Diagnosis {
  workspaceId: string;
  /** The workspace's own id, or a channel's. */
  id: string;
  name: string;
  type: string;
  at: number;
  findings: Finding[];
}
export interface Doctor {
  /** The workspace's platform connection, then each of its channels. `not_found` for other accounts' ids. */
  workspace(by: Actor, workspaceId: string): Promise<Diagnosis[] | Refused>;
  channel(by: Actor, channelId: string): Promise<Diagnosis | Refused>;
}

// ---------------------------------------------------------------- erasure.ts

export interface ErasureReceipt {
  at: number;
  /** Salted hash of what was asked for: proves later that it was this customer without keeping who. */
  customer: string;
  workspaces: {
    workspaceId: string;
    conversations: number;
    messages: number;
    files: number;
    contacts: number;
  }[];
  /** What stays and why, in plain words. */
  kept: string;
}
export interface Erasure {
  /** By phone number in any format, Telegram user id, WhatsApp user id, or @handle; in every workspace of the account. */
  erase(by: Actor, customer: string): Promise<ErasureReceipt | Refused>;
}
