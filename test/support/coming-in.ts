/** The ways into Octopods, as a person goes them: over a provider's consent, or with an address and a password. */
import { expect, vi } from 'vitest';
import type { PeopleDoor } from './people-door.ts';
import type { Visitor } from './visitor.ts';

export const PASSWORD = 'a walk in the rain';

export type PlatformName = 'intercom' | 'hubspot';
/** Ada at both platforms, as their consent screens ask for her. */
const ADA_THERE: Record<PlatformName, string> = {
  intercom: 'workspace=acme1&teammate=501',
  hubspot: 'portal=4100001&user=71',
};

export const to = (response: Response): string => response.headers.get('location') ?? '';
export const codeOf = (callback: string): string => new URL(callback).searchParams.get('code') ?? '';

/** From our page over Google's consent to the callback; not called yet. */
export async function atGoogle(who: Visitor, sub: string, query = ''): Promise<string> {
  const begun = await who.go(`/auth/google${query}`);
  expect(begun.status).toBe(302);
  return to(await fetch(`${to(begun)}&as=${sub}`, { redirect: 'manual' }));
}
export const byGoogle = async (who: Visitor, sub: string, query = ''): Promise<Response> =>
  who.go(await atGoogle(who, sub, query));

/** `path`: where it begins here, an install or a sign-in. */
export async function atPlatform(
  who: Visitor,
  platform: PlatformName,
  path: string,
  as = ADA_THERE[platform],
): Promise<string> {
  const begun = await who.go(path);
  return to(await fetch(`${to(begun)}&consent=approve&${as}`, { redirect: 'manual' }));
}
export const install = async (who: Visitor, platform: PlatformName, as?: string): Promise<Response> =>
  who.go(await atPlatform(who, platform, `/${platform}/install`, as));

export const me = async (who: Visitor): Promise<number> => (await who.go('/api/v1/me')).status;
export const whoAmI = async (
  who: Visitor,
): Promise<{ account: { id: string }; person: { id: string }; role: string }> =>
  (await (await who.go('/api/v1/me')).json()) as never;

/** The link of the mail that this form causes, not of one before it. */
export async function mailedBy({ mailbox }: PeopleDoor, work: () => Promise<unknown>): Promise<string> {
  const before = mailbox.mails.length;
  await work();
  const mail = await vi.waitFor(() => mailbox.mails[before] ?? Promise.reject(new Error('no mail yet')));
  return /https?:\/\/\S+/.exec(mail.text)?.[0] ?? '';
}

export const signUpForm = (email: string) => ({ name: 'Ada Byron', email, password: PASSWORD });
export async function signUp(door: PeopleDoor, email: string): Promise<Visitor> {
  const who = door.visitor();
  await door.post(who, '/sign-up', signUpForm(email));
  const confirmed = await door.post(who, await door.mailbox.link(email), { password: PASSWORD });
  expect(confirmed.status).toBe(303);
  return who;
}
export const signIn = (door: PeopleDoor, who: Visitor, email: string, password: string): Promise<Response> =>
  door.post(who, '/sign-in', { email, password });
