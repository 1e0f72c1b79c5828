/**
 * Signing in with an address and a password. Three rules run through it: an address that exists and one that does not
 * get the same answer in the same time; nothing exists before its address is confirmed; a link works once.
 */
import { makeId } from '../core/ids.ts';
import type { PasswordRow, PasswordStore } from '../store/people/passwords.ts';
import type { Actor, Passwords, SignedIn } from './contracts.ts';
import { type EntryDeps, enterAccount } from './entry.ts';
import {
  addressMail,
  confirmMail,
  knownMail,
  lockedMail,
  type Mail,
  type Mailer,
  resetMail,
} from './mails.ts';
import { hashPassword, isOutdated, verifyPassword } from './password-hash.ts';
import { normalEmail, weakPassword } from './password-rules.ts';
import { type Refused, refusal } from './refusal.ts';
import { hashSecret, makeSecret } from './secrets.ts';
import { record } from './signin.ts';

const HOUR_MS = 3_600_000;
const RESET_MS = 6 * HOUR_MS;
const CONFIRM_MS = 24 * HOUR_MS;
/** Wrong tries in a row before an account takes no password for an hour. */
const TRIES = 10;
const LOCK_MS = HOUR_MS;
/** Wrong tries from one network address within a quarter of an hour, whatever the accounts. */
const TRIES_FROM = 50;
const WINDOW_MS = HOUR_MS / 4;
/** Mails to one address within an hour, and forms from one network address. */
const MAILS = 5;
const FORMS_FROM = 30;

export interface PasswordDeps extends EntryDeps {
  passwords: PasswordStore;
  mailer: Mailer | undefined;
  publicUrl: string;
}

export const createPasswords = (deps: PasswordDeps): Passwords => ({
  mail: deps.mailer !== undefined,
  ...signingUp(deps),
  signIn: (form, from) => signIn(deps, form, from),
  ...forgotten(deps),
  ...profile(deps),
});

const noMail = (): Refused =>
  refusal('conflict', 'This installation sends no mail (SMTP_URL is not set), so this is off.');
const deadLink = (): Refused =>
  refusal('not_found', 'This link was used already or is too old. Ask for a new one.');
const wrongPassword = (): Refused => refusal('invalid', 'This is not the password.', 'password');

/** Counts a form and says whether a mail may go out; whoever asks learns neither. */
async function mayMail({ passwords, clock }: PasswordDeps, email: string, from: string): Promise<boolean> {
  const now = clock.now();
  const byForm = await passwords.count(hashSecret(`form ${from}`), HOUR_MS, now);
  const byMail = await passwords.count(hashSecret(`mail ${email}`), HOUR_MS, now);
  return byForm.count <= FORMS_FROM && byMail.count <= MAILS;
}

type Link = { kind: 'confirm' | 'reset' | 'unlock' | 'address'; path: string; ms: number };
const LINKS = {
  confirm: { kind: 'confirm', path: 'confirm', ms: CONFIRM_MS },
  reset: { kind: 'reset', path: 'reset', ms: RESET_MS },
  unlock: { kind: 'unlock', path: 'unlock', ms: LOCK_MS },
  address: { kind: 'address', path: 'address', ms: CONFIRM_MS },
} as const satisfies Record<string, Link>;

async function mailLink(
  { passwords, mailer, publicUrl, clock, random }: PasswordDeps,
  { kind, path, ms }: Link,
  of: { email: string; personId?: string; payload?: unknown },
  mail: (to: string, link: string) => Mail,
): Promise<void> {
  const secret = makeSecret(random);
  const created_at = clock.now();
  await passwords.addMailLink({
    hash: hashSecret(secret),
    kind,
    person_id: of.personId ?? null,
    email: of.email,
    payload: of.payload === undefined ? null : JSON.stringify(of.payload),
    created_at,
    expires_at: created_at + ms,
  });
  mailer?.post(mail(of.email, `${publicUrl}/${path}/${secret}`));
}

interface Waiting {
  name: string;
  hash: string;
  invitation?: string;
}

function signingUp(deps: PasswordDeps): Pick<Passwords, 'signUp' | 'confirm'> {
  const { passwords, clock } = deps;
  return {
    signUp: async (form, from) => {
      if (!deps.mailer) return noMail();
      const email = normalEmail(form.email);
      const name = form.name.trim().slice(0, 100);
      if (!email) return refusal('invalid', 'This is not an e-mail address.', 'email');
      if (name === '') return refusal('invalid', 'Please tell your name.', 'name');
      const weak = weakPassword(form.password, email);
      if (weak) return weak;
      const hash = await hashPassword(form.password, deps.random);
      const known = await passwords.password({ email });
      if (!(await mayMail(deps, email, from))) return undefined;
      const invitation = form.invitation ? { invitation: form.invitation } : {};
      const payload: Waiting = { name, hash, ...invitation };
      if (known) await mailLink(deps, LINKS.reset, { email, personId: known.person_id }, knownMail);
      else await mailLink(deps, LINKS.confirm, { email, payload }, confirmMail);
      return undefined;
    },
    confirm: async (secret, password) => {
      const link = await passwords.mailLink(hashSecret(secret), 'confirm', clock.now());
      if (!link?.payload) return deadLink();
      const tries = await passwords.count(hashSecret(`confirm ${link.hash}`), CONFIRM_MS, clock.now());
      const waiting: Waiting = JSON.parse(link.payload);
      if (tries.count > TRIES) return deadLink();
      if (!(await verifyPassword(password, waiting.hash))) return wrongPassword();
      if (!(await passwords.takeMailLink(link.hash, 'confirm', clock.now()))) return deadLink();
      return begin(deps, link.email, waiting);
    },
  };
}

async function begin(deps: PasswordDeps, email: string, waiting: Waiting): Promise<SignedIn | Refused> {
  const { passwords, clock, random } = deps;
  const now = clock.now();
  const person = { id: makeId('per', now, random), name: waiting.name };
  const row = { email, hash: waiting.hash, failed: 0, locked_at: null, changed_at: now };
  if (!(await passwords.addPasswordPerson(person, row))) return deadLink();
  await passwords.dropMailLinks('confirm', email);
  const entered = await enterAccount(
    deps,
    { ...person, email },
    { isNew: true, invitation: waiting.invitation },
  );
  await record(deps, entered, 'password');
  return entered;
}

async function signIn(
  deps: PasswordDeps,
  form: { email: string; password: string },
  from: string,
): ReturnType<Passwords['signIn']> {
  const { passwords, clock } = deps;
  const now = clock.now();
  const source = hashSecret(`sign-in ${from}`);
  const tried = await passwords.counted(source, now);
  if (tried.count >= TRIES_FROM)
    return { refused: 'throttled', retryAfterS: Math.ceil((tried.until - now) / 1000) };
  const email = normalEmail(form.email);
  const row = email === undefined ? undefined : await passwords.password({ email });
  const right = await verifyPassword(form.password.slice(0, 1_000), row?.hash);
  if (row && right && !isLocked(row, now)) return welcome(deps, row, form.password);
  await passwords.count(source, WINDOW_MS, now);
  if (row && !right && !isLocked(row, now)) await countWrong(deps, row);
  return { refused: 'wrong' };
}

const isLocked = ({ locked_at }: PasswordRow, now: number): boolean =>
  locked_at !== null && now < Number(locked_at) + LOCK_MS;

async function countWrong(deps: PasswordDeps, row: PasswordRow): Promise<void> {
  if ((await deps.passwords.failed(row.person_id)) < TRIES) return;
  await deps.passwords.lock(row.person_id, deps.clock.now());
  await mailLink(deps, LINKS.unlock, { email: row.email, personId: row.person_id }, lockedMail);
}

async function welcome(deps: PasswordDeps, row: PasswordRow, password: string): Promise<SignedIn> {
  await deps.passwords.unlock(row.person_id);
  if (isOutdated(row.hash)) await setPassword(deps, row.person_id, row.email, password);
  return arrive(deps, row.person_id);
}

async function arrive(deps: PasswordDeps, personId: string): Promise<SignedIn> {
  const person = await deps.accounts.person(personId);
  const entered = await enterAccount(deps, person ?? { id: personId, name: null, email: null }, {
    isNew: false,
  });
  await record(deps, entered, 'password');
  return entered;
}

async function setPassword(
  { passwords, clock, random }: PasswordDeps,
  personId: string,
  email: string,
  password: string,
): Promise<boolean> {
  const hash = await hashPassword(password, random);
  const changed_at = clock.now();
  return passwords.setPassword({ person_id: personId, email, hash, failed: 0, locked_at: null, changed_at });
}

/** What somebody did by a link from a mail, signed in or not: in the trail of the account that they come into. */
async function note({ people, audit }: PasswordDeps, personId: string, action: string): Promise<void> {
  const [account] = await people.accountsOf(personId);
  if (!account) return;
  const by = { account_id: account.id, person_id: personId, role: account.role };
  await audit.record(by, { action, subject: personId });
}

function forgotten(
  deps: PasswordDeps,
): Pick<Passwords, 'requestReset' | 'reset' | 'requestUnlock' | 'unlock'> {
  const { passwords, accounts, clock } = deps;
  const request = async (typed: string, from: string, link: Link, mail: typeof resetMail) => {
    const email = normalEmail(typed);
    if (!email || !(await mayMail(deps, email, from))) return;
    const row = await passwords.password({ email });
    if (!row || (link.kind === 'unlock' && !isLocked(row, clock.now()))) return;
    await mailLink(deps, link, { email, personId: row.person_id }, mail);
  };
  return {
    requestReset: (email, from) => request(email, from, LINKS.reset, resetMail),
    requestUnlock: (email, from) => request(email, from, LINKS.unlock, lockedMail),
    reset: async (secret, password) => {
      const hash = hashSecret(secret);
      const link = await passwords.mailLink(hash, 'reset', clock.now());
      if (!link?.person_id) return deadLink();
      const weak = weakPassword(password, link.email);
      if (weak) return weak;
      if (!(await passwords.takeMailLink(hash, 'reset', clock.now()))) return deadLink();
      if (!(await setPassword(deps, link.person_id, link.email, password))) return deadLink();
      await passwords.dropMailLinks('reset', link.email);
      await accounts.removeSessions({ personId: link.person_id });
      await note(deps, link.person_id, 'password.reset');
      return arrive(deps, link.person_id);
    },
    unlock: async (secret) => {
      const link = await passwords.takeMailLink(hashSecret(secret), 'unlock', clock.now());
      if (!link?.person_id) return deadLink();
      await passwords.unlock(link.person_id);
      return undefined;
    },
  };
}

function profile(
  deps: PasswordDeps,
): Pick<Passwords, 'change' | 'requestAddress' | 'confirmAddress' | 'pendingAddress' | 'hasPassword'> {
  const { passwords, audit, clock } = deps;
  const mine = async (by: Actor, password: string) => {
    const row = await passwords.password({ personId: by.person_id });
    return row && (await verifyPassword(password, row.hash)) ? row : undefined;
  };
  return {
    change: async (by, { current, password }) => {
      const row = await mine(by, current);
      if (!row) return refusal('invalid', 'This is not your present password.', 'current');
      const weak = weakPassword(password, row.email);
      if (weak) return weak;
      await setPassword(deps, by.person_id, row.email, password);
      await audit.record(by, { action: 'password.changed', subject: by.person_id });
      return undefined;
    },
    requestAddress: async (by, form) => {
      if (!deps.mailer) return noMail();
      const email = normalEmail(form.email);
      if (!email) return refusal('invalid', 'This is not an e-mail address.', 'email');
      const row = await mine(by, form.password);
      if (!row) return wrongPassword();
      const known = await passwords.password({ email });
      if (known) deps.mailer.post(knownMail(email, `${deps.publicUrl}/forgot`));
      else await mailLink(deps, LINKS.address, { email, personId: by.person_id }, addressMail);
      await audit.record(by, { action: 'address.change_requested', subject: by.person_id });
      return undefined;
    },
    confirmAddress: async (secret) => {
      const link = await passwords.takeMailLink(hashSecret(secret), 'address', clock.now());
      if (!link?.person_id || !(await passwords.changeAddress(link.person_id, link.email))) return deadLink();
      await note(deps, link.person_id, 'address.changed');
      return undefined;
    },
    pendingAddress: async (personId) =>
      (await passwords.pendingMailLink('address', personId, clock.now()))?.email,
    hasPassword: async (personId) => (await passwords.password({ personId })) !== undefined,
  };
}
