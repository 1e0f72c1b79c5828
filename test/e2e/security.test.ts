/** One sentence for each way in that must not be one, over real HTTP and at every door that it could be tried at. */
import { Parser } from 'htmlparser2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pages } from '../../server/console/pages.ts';
import {
  atGoogle,
  atPlatform,
  byGoogle,
  codeOf,
  install,
  mailedBy,
  me,
  PASSWORD,
  type PlatformName,
  signIn,
  signUp,
  signUpForm,
  to,
  whoAmI,
} from '../support/coming-in.ts';
import { formRequest, formToken, tokenIn } from '../support/forms.ts';
import { ADA, EVE, openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';
import type { Visitor } from '../support/visitor.ts';

const MINUTE = 60_000;
const BOT = '7000000009:AApeopleDoorBotToken';
const PLATFORMS: PlatformName[] = ['intercom', 'hubspot'];

let door: PeopleDoor;
async function open(): Promise<void> {
  door = await openPeopleDoor();
  const elsewhere = { id: '601', name: 'Eve', email: 'eve@other.test' };
  door.intercom.addWorkspace({ id_code: 'other2', name: 'Other', teammates: [elsewhere] });
  const colleague = { id: 72, email: 'sam@acme.test', name: 'Sam' };
  door.hubspot.portal(4_100_001).users.push(colleague);
  const users = [{ id: 81, email: 'eve@other.test', name: 'Eve' }];
  door.hubspot.addPortal({ id: 4_100_002, name: 'Other', inboxes: [], users });
}
/** An installation for all tests of a group, where each brings its own browsers and compares before with after. */
function oneDoor(): void {
  beforeAll(open);
  afterAll(() => door.close());
}
function newDoors(): void {
  beforeEach(open);
  afterEach(() => door.close());
}

const TABLES = ['account', 'person', 'login', 'member', 'session', 'workspace', 'password'] as const;
/** Everything that coming in could change, credentials included. */
const everything = async (): Promise<unknown> =>
  Promise.all(
    TABLES.map(async (table) => [
      table,
      (await door.db.selectFrom(table).selectAll().execute()).map((row) => ({ ...row, last_used_at: 0 })),
    ]),
  );
const rows = (table: (typeof TABLES)[number] | 'mail_link' | 'join_request') =>
  door.db.selectFrom(table).selectAll().execute();
/** How often somebody brought a code to a provider, whatever came of it. */
const redemptions = (): number =>
  [door.google, door.intercom, door.hubspot].flatMap(({ calls }) =>
    calls.filter(({ method, path }) => method === 'POST' && /\/token$/.test(path)),
  ).length;

interface Door {
  name: string;
  /** From our page over consent to the callback, which is not called yet. */
  begin(who: Visitor): Promise<string>;
  /** Where a callback leads that is not taken. */
  discarded: string;
}
const DOORS: Door[] = [
  {
    name: 'signing in with Google',
    begin: (who) => atGoogle(who, ADA.sub),
    discarded: '/sign-in?problem=stale',
  },
  ...PLATFORMS.flatMap((platform) => [
    {
      name: `signing in with ${platform}`,
      begin: (who: Visitor) => atPlatform(who, platform, `/auth/${platform}`),
      discarded: `/${platform}/install`,
    },
    {
      name: `installing at ${platform}`,
      begin: (who: Visitor) => atPlatform(who, platform, `/${platform}/install`),
      discarded: `/${platform}/install`,
    },
  ]),
];

describe.each(DOORS)('the state of $name', ({ begin, discarded }) => {
  oneDoor();

  async function expectDiscarded(who: Visitor, callback: string): Promise<void> {
    const before = [await everything(), redemptions()];
    expect(to(await who.go(callback))).toBe(discarded);
    expect([await everything(), redemptions()]).toEqual(before);
    expect(await me(who)).toBe(401);
  }

  it('is needed', async () => {
    const who = door.visitor();
    const callback = new URL(await begin(who));
    callback.searchParams.delete('state');
    await expectDiscarded(who, callback.href);
  });

  it('is worth nothing in another browser, also not in one that has begun itself, and stays good for its own', async () => {
    const attacker = door.visitor();
    const callback = await begin(attacker);
    const victim = door.visitor();
    await expectDiscarded(victim, callback);
    await begin(victim);
    await expectDiscarded(victim, callback);
    await attacker.go(callback);
    expect(await me(attacker)).toBe(200);
  });

  it('cannot be made up, also when the cookie says the same', async () => {
    const who = door.visitor();
    const callback = new URL(await begin(who));
    callback.searchParams.set('state', 'A'.repeat(43));
    for (const name of who.cookies.keys()) who.cookies.set(name, 'A'.repeat(43));
    await expectDiscarded(who, callback.href);
  });

  it('is too old after ten minutes', async () => {
    const who = door.visitor();
    const callback = await begin(who);
    door.clock.advance(10 * MINUTE);
    await expectDiscarded(who, callback);
  });

  it('cannot be replayed, even with the cookie kept', async () => {
    const who = door.visitor();
    const callback = await begin(who);
    const kept = new Map(who.cookies);
    await who.go(callback);
    expect(await me(who)).toBe(200);
    const replay = door.visitor();
    replay.cookies = kept;
    await expectDiscarded(replay, callback);
  });

  it('does not make a code good that was redeemed before', async () => {
    const first = door.visitor();
    const callback = await begin(first);
    await first.go(callback);
    const used = codeOf(callback);
    const second = door.visitor();
    const own = new URL(await begin(second));
    own.searchParams.set('code', used);
    const before = await everything();
    await second.go(own.href);
    expect(await me(second)).toBe(401);
    expect(await everything()).toEqual(before);
  });
});

describe.each(PLATFORMS)('at %s', (platform) => {
  newDoors();
  const as = { intercom: 'workspace=acme1&teammate=502', hubspot: 'portal=4100001&user=72' }[platform];
  const other = { intercom: 'workspace=other2&teammate=601', hubspot: 'portal=4100002&user=81' }[platform];

  it('a workspace that others own is not taken over: a stranger, or the owner of another account, leaves a request to join and nothing changes', async () => {
    await install(door.visitor(), platform);
    const stranger = door.visitor();
    const neighbour = door.visitor();
    await install(neighbour, platform, other);
    const before = await everything();
    for (const who of [stranger, neighbour]) {
      const refused = await install(who, platform, as);
      const words = platform === 'intercom' ? decodeURIComponent(to(refused)) : await refused.text();
      expect(words).toContain('nothing was changed');
    }
    expect(await everything()).toEqual(before);
    expect(await me(stranger)).toBe(401);
    expect(await rows('join_request')).toMatchObject([{ provider: platform }]);
  });

  it('a sign-in’s token is never stored over the workspace’s, which stays to the byte', async () => {
    const admin = door.visitor();
    await install(admin, platform);
    const before = await rows('workspace');
    expect(before).toHaveLength(1);
    const again = door.visitor();
    expect(to(await again.go(await atPlatform(again, platform, `/auth/${platform}`)))).toBe('/');
    expect(await rows('workspace')).toEqual(before);
    expect(await whoAmI(again)).toEqual(await whoAmI(admin));
  });

  it('a sign-in’s state is none for an install, nor an install’s for a sign-in', async () => {
    const swap = async (path: string, from: string, onto: string) => {
      const who = door.visitor();
      const callback = await atPlatform(who, platform, path);
      const cookie = who.cookies.get(from) ?? '';
      who.cookies = new Map([[onto, cookie]]);
      expect(to(await who.go(callback))).toBe(`/${platform}/install`);
      expect(await me(who)).toBe(401);
    };
    await swap(`/auth/${platform}`, 'octopods-sign-in', 'octopods-install');
    await swap(`/${platform}/install`, 'octopods-install', 'octopods-sign-in');
    expect(await rows('workspace')).toEqual([]);
  });
});

describe('an e-mail address', () => {
  newDoors();

  it('that another provider claims leads into nobody’s account: neither Google’s nor that of a password', async () => {
    const ada = door.visitor();
    await byGoogle(ada, ADA.sub);
    const withPassword = await signUp(door, ADA.email);
    const eve = door.visitor();
    await byGoogle(eve, EVE.sub);
    const accounts = [await whoAmI(ada), await whoAmI(withPassword), await whoAmI(eve)];
    expect(new Set(accounts.map((one) => one.account.id)).size).toBe(3);
    expect(new Set(accounts.map((one) => one.person.id)).size).toBe(3);
  });

  it('that exists and one that does not get the same answers, word for word', async () => {
    await signUp(door, 'ada@acme.test');
    const who = door.visitor();
    const answers = async (email: string) => {
      const responses = [
        await signIn(door, who, email, 'not the password'),
        await door.post(who, '/forgot', { email }),
        await door.post(who, '/unlock', { email }),
        await door.post(who, '/sign-up', signUpForm(email)),
      ];
      return Promise.all(
        responses.map(async (one) => [one.status, (await one.text()).replaceAll(email, '…')]),
      );
    };
    expect(await answers('nobody@acme.test')).toEqual(await answers('ada@acme.test'));
    expect(await rows('person')).toHaveLength(1);
  });
});

describe('a password', () => {
  newDoors();

  it('is kept by Argon2id with OWASP’s parameters, never itself', async () => {
    await signUp(door, 'ada@acme.test');
    const [row] = await rows('password');
    expect(row).toMatchObject({
      hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/),
    });
    expect(JSON.stringify([await rows('mail_link'), row])).not.toContain(PASSWORD);
  });

  it('is not guessed: ten wrong tries in a row lock the account, also for the right one, until a mailed link unlocks it', async () => {
    await signUp(door, 'ada@acme.test');
    const who = door.visitor();
    const link = await mailedBy(door, async () => {
      for (let tries = 0; tries < 10; tries += 1) await signIn(door, who, 'ada@acme.test', 'not it');
    });
    expect(door.mailbox.mails.at(-1)?.subject).toContain('locked');
    expect((await signIn(door, who, 'ada@acme.test', PASSWORD)).status).toBe(422);
    await door.post(who, link, {});
    expect((await signIn(door, who, 'ada@acme.test', PASSWORD)).status).toBe(303);
  });

  it('is not guessed across accounts: fifty wrong tries from one network address are all for a quarter of an hour', async () => {
    await signUp(door, 'ada@acme.test');
    const who = door.visitor();
    for (let tries = 0; tries < 50; tries += 1) await signIn(door, who, `nobody${tries}@acme.test`, 'x');
    expect((await signIn(door, who, 'ada@acme.test', PASSWORD)).status).toBe(429);
    door.clock.advance(15 * MINUTE);
    expect((await signIn(door, who, 'ada@acme.test', PASSWORD)).status).toBe(303);
  }, 60_000);
});

describe('a session', () => {
  newDoors();

  it('cannot be fixed in advance: whatever way somebody comes in, the cookie planted before is not theirs after', async () => {
    const planted = (): Visitor => {
      const who = door.visitor();
      who.cookies.set('octopods', 'P'.repeat(43));
      return who;
    };
    await signUp(door, 'ada@acme.test');
    const ways: ((who: Visitor) => Promise<unknown>)[] = [
      (who) => byGoogle(who, ADA.sub),
      (who) => install(who, 'intercom'),
      (who) => install(who, 'hubspot'),
      (who) => signIn(door, who, 'ada@acme.test', PASSWORD),
    ];
    for (const way of ways) {
      const who = planted();
      await way(who);
      expect(await me(who)).toBe(200);
      expect(who.cookies.get('octopods')).toMatch(/^[\w-]{43}$/);
      expect(await me(planted())).toBe(401);
    }
  });

  it('of an earlier sign-in ends when its browser signs in again', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    const thief = door.visitor();
    thief.cookies = new Map(who.cookies);
    expect(await me(thief)).toBe(200);
    await byGoogle(who, ADA.sub);
    expect(await me(thief)).toBe(401);
    expect(await rows('session')).toHaveLength(1);
  });

  it('is a secret that scripts cannot read and the database does not hold', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    const line = who.setCookies.find((one) => one.startsWith('octopods=')) ?? '';
    expect(line).toMatch(/HttpOnly/);
    expect(line).toMatch(/SameSite=Lax/);
    expect(JSON.stringify(await everything())).not.toContain(who.cookies.get('octopods'));
  });
});

describe('a form', () => {
  newDoors();

  const signOut = (who: Visitor, fields: Record<string, string>, headers: Record<string, string>) =>
    who.go('/sign-out', formRequest(fields, headers));

  it('from another site, or from a page that hides where it is, is refused, whatever it carries', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    const form_token = await formToken(who);
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: `${door.url}.evil.test` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[])
      expect([headers, (await signOut(who, { form_token }, headers)).status]).toEqual([headers, 403]);
    expect(await me(who)).toBe(200);
  });

  it('without the token of this very session is refused, also when a proxy has taken away where it came from', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    const other = door.visitor();
    await byGoogle(other, EVE.sub);
    const tokens = ['', 'A'.repeat(43), await formToken(other), await formToken(door.visitor())];
    for (const headers of [{}, { origin: door.url }] as Record<string, string>[]) {
      expect((await signOut(who, {}, headers)).status).toBe(403);
      for (const form_token of tokens) expect((await signOut(who, { form_token }, headers)).status).toBe(403);
    }
    expect(await me(who)).toBe(200);
    expect((await signOut(who, { form_token: await formToken(who) }, {})).status).toBe(303);
    expect(await me(who)).toBe(401);
  });

  it('signs nobody in as somebody else: a stranger’s form with a right password is not this browser’s (login CSRF)', async () => {
    await signUp(door, 'eve@evil.test');
    const attacker = door.visitor();
    const right = { email: 'eve@evil.test', password: PASSWORD, form_token: await formToken(attacker) };
    const victim = door.visitor();
    await victim.go('/sign-in');
    expect((await victim.go('/sign-in', formRequest(right))).status).toBe(403);
    expect((await door.visitor().go('/sign-in', formRequest(right))).status).toBe(403);
    expect(await me(victim)).toBe(401);
    expect((await attacker.go('/sign-in', formRequest(right))).status).toBe(303);
  });

  it('of before a sign-in is none any more after it', async () => {
    await signUp(door, 'ada@acme.test');
    const who = door.visitor();
    const before = await formToken(who);
    await signIn(door, who, 'ada@acme.test', PASSWORD);
    expect((await signOut(who, { form_token: before }, { origin: door.url })).status).toBe(403);
    expect(await me(who)).toBe(200);
  });
});

describe('a wish where to end', () => {
  oneDoor();
  beforeAll(() => signUp(door, 'ada@acme.test'));

  it.each([
    ['/activity?status=failed', '/activity?status=failed'],
    ['https://evil.test/', '/'],
    ['//evil.test', '/'],
    ['/\\evil.test', '/'],
    ['/\t/evil.test', '/'],
    ['/./\\evil.test', '/evil.test'],
    ['javascript:alert(1)', '/'],
  ])('redirects nowhere but into Octopods: %j ends at %j', async (wish, landed) => {
    const wished = encodeURIComponent(wish);
    expect(to(await byGoogle(door.visitor(), ADA.sub, `?return=${wished}`))).toBe(landed);
    const fields = { email: 'ada@acme.test', password: PASSWORD, to: wish };
    expect(to(await door.post(door.visitor(), '/sign-in', fields))).toBe(landed);
    const who = door.visitor();
    const begun = await atPlatform(who, 'hubspot', `/hubspot/install?return=${wished}`);
    expect(new URL(to(await who.go(begun))).origin).toBe(door.hubspot.url);
  });
});

describe('a page', () => {
  oneDoor();
  const NASTY = `<img src=x onerror=alert(1)>"'`;

  /** Ada's account, in which a customer with a nasty name has written. */
  async function furnished(): Promise<{ who: Visitor; ids: Record<string, string> }> {
    const who = door.visitor();
    await install(who, 'intercom');
    await door.intercom.subscribeWebhooks(`${door.url}/intercom/webhooks`);
    const workspaces = (await rows('workspace'))[0]?.id ?? '';
    const made = await who.go(`/api/v1/workspaces/${workspaces}/channels`, {
      method: 'POST',
      headers: { origin: door.url, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'telegram', name: NASTY, credentials: { bot_token: BOT } }),
    });
    const channels = ((await made.json()) as { id: string }).id;
    door.telegram.addCustomer({ id: 5_551_234_567, first_name: NASTY });
    door.startRelay();
    door.telegram.customerSends(5_551_234_567, { text: NASTY });
    const activity = await vi.waitFor(
      async () => {
        const { data } = (await (await who.go('/api/v1/messages?status=sent')).json()) as {
          data: { id: string }[];
        };
        return data[0]?.id ?? Promise.reject(new Error('not delivered yet'));
      },
      { timeout: 15_000 },
    );
    return { who, ids: { workspaces, channels, activity } };
  }
  const filled = (path: string, ids: Record<string, string>): string =>
    path
      .split('/')
      .map((part, at, parts) => {
        if (part === ':type') return 'telegram';
        return part.startsWith(':') ? (ids[parts[at - 1] ?? ''] ?? 'some-secret') : part;
      })
      .join('/');

  /** What would need `unsafe-inline`: handlers, styles and scripts that stand in the page itself. */
  function inlined(text: string): string[] {
    const found: string[] = [];
    const parser = new Parser({
      onopentag: (name, attributes) => {
        const isOurs = name !== 'script' || attributes.src?.startsWith('/assets/');
        if (name === 'style' || !isOurs) found.push(`<${name}>`);
        for (const [key, value] of Object.entries(attributes))
          if (/^(on|style$)/.test(key) || /^\s*javascript:/i.test(value)) found.push(`<${name} ${key}>`);
      },
    });
    parser.end(text);
    return found;
  }

  it('runs nothing that stands in it: a policy without unsafe-inline, no inline handler, script or style, and a token in each form', async () => {
    const { who, ids } = await furnished();
    const paths = pages({ platforms: new Map(), channelAdapters: new Map() } as never)
      .filter((route) => route.method === 'get')
      .map((route) => filled(route.path, ids));
    expect(paths.length).toBeGreaterThan(20);
    const statuses = new Map<string, number>();
    for (const visitor of [who, door.visitor()])
      for (const path of [...paths, '/nowhere', '/workspaces/nobody']) {
        const response = await visitor.go(path, { headers: { accept: 'text/html' } });
        if (visitor === who) statuses.set(path, response.status);
        const policy = response.headers.get('content-security-policy') ?? '';
        expect([path, policy]).toEqual([path, expect.stringMatching(/^default-src 'none';/)]);
        expect(policy).not.toContain('unsafe');
        const text = await response.text();
        expect([path, inlined(text)]).toEqual([path, []]);
        for (const form of text.match(/<form method="post".*?<\/form>/gs) ?? [])
          expect([path, tokenIn(form).length]).toEqual([path, 43]);
      }
    expect(statuses.get(`/activity/${ids.activity}`)).toBe(200);
    expect(statuses.get(`/channels/${ids.channels}`)).toBe(200);
  });
});
