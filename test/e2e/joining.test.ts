/** An invitee who has an account already, with a portal in it and a password of their own: join, or bring it along. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { install, mailedBy, PASSWORD, signIn, signUp, whoAmI } from '../support/coming-in.ts';
import { openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';
import type { Visitor } from '../support/visitor.ts';

const GRACE = 'grace@acme.test';

let door: PeopleDoor;
let owner: Visitor;
let portal: string;
let invitation: string;
beforeEach(async () => {
  door = await openPeopleDoor();
  // Grace has signed up by e-mail and connected the portal; then Ada's account, which wanted it, invites her.
  const grace = await signUp(door, GRACE);
  await install(grace, 'hubspot');
  portal = (await door.db.selectFrom('workspace').select('id').executeTakeFirstOrThrow()).id;
  owner = door.visitor();
  await install(owner, 'intercom');
  const link = await mailedBy(door, () =>
    door.post(owner, '/team/invitations', { email: GRACE, role: 'admin' }),
  );
  invitation = new URL(link).pathname;
});
afterEach(() => door.close());

const accountOf = async (id: string) => (await door.connections.workspace(id))?.account_id;
/** She opens the link where nobody is signed in, signs in by her password, and is back at the invitation. */
async function comesBack(): Promise<{ who: Visitor; page: string; own: string }> {
  const who = door.visitor();
  await signIn(door, who, GRACE, PASSWORD);
  const page = await (await who.go(invitation, { headers: { accept: 'text/html' } })).text();
  return { who, page, own: (await whoAmI(who)).account.id };
}

it('who cannot take the portal over is told so, and nothing changes', async () => {
  const before = await accountOf(portal);
  const refused = await install(owner, 'hubspot', 'portal=4100001&user=71');
  expect(refused.status).toBe(409);
  expect(await refused.text()).toContain('nothing was changed');
  expect(await accountOf(portal)).toBe(before);
  expect(await door.db.selectFrom('workspace').select('id').execute()).toHaveLength(2);
});

it('is offered to merge, and does: the portal moves into the inviting account, works on, and the old account is gone', async () => {
  const { who, page, own } = await comesBack();
  expect(page).toContain('Yes, merge my workspaces');
  expect(page).toContain('No, thanks: only join');
  const merged = await door.post(who, invitation, { merge: own });
  expect(merged.headers.get('location')).toBe('/?done=welcome');
  const theirs = (await whoAmI(owner)).account.id;
  expect(await whoAmI(who)).toMatchObject({ account: { id: theirs }, role: 'admin' });
  expect(await accountOf(portal)).toBe(theirs);
  expect((await door.connections.byId(portal))?.credentials).toMatchObject({
    refresh_token: expect.any(String),
  });
  const accounts = await door.db.selectFrom('account').select('id').execute();
  expect(accounts.map((one) => one.id)).toEqual([theirs]);
});

it('or only joins: the portal stays in the account that it is in, and she is in both', async () => {
  const { who, own } = await comesBack();
  await door.post(who, invitation, { merge: '' });
  expect((await whoAmI(who)).account.id).toBe((await whoAmI(owner)).account.id);
  expect(await accountOf(portal)).toBe(own);
  const back = await door.post(who, '/account/switch', { account: own });
  expect(back.status).toBe(303);
  expect((await whoAmI(who)).account.id).toBe(own);
});

it('cannot merge an account that is not hers', async () => {
  const { who, own } = await comesBack();
  const theirs = (await whoAmI(owner)).account.id;
  expect((await door.post(who, invitation, { merge: theirs })).status).toBe(404);
  expect(await accountOf(portal)).toBe(own);
});
