/** Oneself: name and address, password, ways to sign in, sessions, other accounts. */
import { isRefused, type Refused } from '../../accounts/refusal.ts';
import { mayManage } from '../../accounts/roles.ts';
import { notFound } from '../../http/problem.ts';
import type { ConsoleDeps } from '../deps.ts';
import { badge, buttonLink, card, disclosure, facts, head, notice, table, time } from '../elements.ts';
import { flash } from '../flash.ts';
import { actionButton, field, form, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { icons } from '../icons.ts';
import { type Answer, inside, type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { ROLES } from '../words.ts';
import { passwordField, problemOf, STATUS } from './sign-in.ts';
import { LOGINS } from './team.ts';

export const accountPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/account', (visit) => page(deps, visit)),
  managed('post', '/account/name', async (visit) => {
    const refused = await deps.people.rename(visit.member, visit.form.get('name')?.trim() ?? '');
    return refused ? page(deps, visit, { of: 'name', refused }) : { goTo: '/account?done=renamed' };
  }),
  inside('post', '/account/password', (visit) => changePassword(deps, visit)),
  inside('post', '/account/address', async (visit) => {
    const { form: sent, member } = visit;
    const refused = await deps.passwords.requestAddress(member, {
      email: sent.get('email') ?? '',
      password: sent.get('password') ?? '',
    });
    return refused ? page(deps, visit, { of: 'address', refused }) : { goTo: '/account?done=address-asked' };
  }),
  inside('post', '/account/logins/:provider/remove', async (visit) => {
    const refused = await deps.signIns.unlink(visit.member, visit.params.provider ?? '');
    return refused ? page(deps, visit, { of: 'logins', refused }) : { goTo: '/account?done=unlinked' };
  }),
  inside('post', '/account/sessions/:id/end', async (visit) => {
    if (!(await deps.sessions.revoke(visit.member.person_id, visit.params.id ?? '')))
      throw notFound('session');
    return { goTo: '/account?done=session-ended' };
  }),
  inside('post', '/account/sessions/end-others', async (visit) => {
    await deps.sessions.revokeOthers(visit.member.person_id, visit.session);
    return { goTo: '/account?done=sessions-ended' };
  }),
  inside('post', '/account/switch', async (visit) => {
    const answer = await deps.signIns.switchTo(visit.member.person_id, visit.form.get('account') ?? '');
    if (isRefused(answer)) throw notFound('account');
    const secret = await deps.sessions.signIn(answer, visit.session, { agent: visit.agent });
    return { goTo: '/', session: { secret } };
  }),
];

async function changePassword(deps: ConsoleDeps, visit: MemberVisit): Promise<Answer> {
  const { form: sent, member } = visit;
  const refused = await deps.passwords.change(member, {
    current: sent.get('current') ?? '',
    password: sent.get('password') ?? '',
  });
  if (refused) return page(deps, visit, { of: 'password', refused });
  await deps.sessions.revokeOthers(member.person_id, visit.session);
  return { goTo: '/account?done=password-changed' };
}

type Wrong = { of: 'name' | 'password' | 'address' | 'logins'; refused: Refused };

async function page(deps: ConsoleDeps, visit: MemberVisit, wrong?: Wrong): Promise<Page> {
  const { member, now } = visit;
  const [person, account, hasPassword, pending] = await Promise.all([
    deps.accounts.person(member.person_id),
    deps.accounts.account(member.account_id),
    deps.passwords.hasPassword(member.person_id),
    deps.passwords.pendingAddress(member.person_id),
  ]);
  const body = html`${flash(visit)}${head('You', { lead: 'How you sign in, and where you are signed in.' })}${
    wrong && !wrong.refused.field ? notice('bad', 'That was not done', wrong.refused.why) : NOTHING
  }<div class="stack">${card(
    'Profile',
    html`${facts([
      ['Name', person?.name ?? '–'],
      ['E-mail', person?.email ?? '–'],
      ['Account', account?.name ?? '–'],
      ['Role', ROLES[member.role]],
    ])}${pending ? notice('wait', `Pending confirmation: ${pending}`, 'Open the link that we sent there. Until then the old address stays.') : NOTHING}${mayManage(member.role) ? accountName(account?.name ?? '', wrong) : NOTHING}`,
  )}${hasPassword ? passwordCard(deps, wrong) : NOTHING}${await loginsCard(deps, visit)}${await sessionsCard(deps, visit, now)}</div>`;
  return { title: 'You', section: 'account', status: wrong ? STATUS[wrong.refused.refused] : 200, body };
}

const accountName = (name: string, wrong: Wrong | undefined): Html =>
  disclosure(
    'Rename the account',
    form(
      '/account/name',
      html`${field({
        name: 'name',
        label: 'Name of the account',
        required: true,
        maxlength: 100,
        value: name,
        error: wrong?.of === 'name' ? wrong.refused.why : undefined,
      })}<div class="form-foot">${submit('Save', 'plain')}</div>`,
    ),
    { open: wrong?.of === 'name' },
  );

function passwordCard(deps: ConsoleDeps, wrong: Wrong | undefined): Html {
  const at = (of: Wrong['of'], name: string): string | undefined =>
    wrong?.of === of && wrong.refused.field === name ? wrong.refused.why : undefined;
  const current = (name: string, error: string | undefined): Html =>
    field({
      name,
      label: 'Present password',
      type: 'password',
      required: true,
      autocomplete: 'current-password',
      error,
    });
  return card(
    'E-mail and password',
    html`${disclosure(
      'Change the password',
      form(
        '/account/password',
        html`${current('current', at('password', 'current'))}${passwordField('password', 'New password', at('password', 'password'))}<div class="form-foot">${submit('Save', 'plain')}</div>`,
      ),
      { open: wrong?.of === 'password' },
    )}${
      deps.passwords.mail
        ? disclosure(
            'Change the address',
            form(
              '/account/address',
              html`${field({ name: 'email', label: 'New e-mail', type: 'email', required: true, autocomplete: 'email', error: at('address', 'email') })}${field(
                {
                  name: 'password',
                  key: 'address',
                  label: 'Your password',
                  type: 'password',
                  required: true,
                  autocomplete: 'current-password',
                  error: at('address', 'password'),
                },
              )}<div class="form-foot">${submit('Send the link', 'plain')}</div>`,
            ),
            { open: wrong?.of === 'address' },
          )
        : NOTHING
    }`,
  );
}

async function loginsCard(deps: ConsoleDeps, visit: MemberVisit): Promise<Html> {
  const { member, now } = visit;
  const logins = await deps.signIns.loginsOf(member.person_id);
  const others = deps.providers.filter(({ id }) => !logins.some((one) => one.provider === id));
  const problem = problemOf(visit);
  return card(
    'Ways to sign in',
    html`${problem ? notice('bad', 'Nothing was added', problem) : NOTHING}${table({
      caption: 'Ways to sign in',
      columns: ['With', 'Since', 'Remove'],
      rows: logins.map(({ provider, since }) => ({
        cells: [
          LOGINS[provider] ?? provider,
          time(since, now),
          logins.length > 1
            ? actionButton(
                `/account/logins/${provider}/remove`,
                html`Remove<span class="unseen"> ${LOGINS[provider] ?? provider}</span>`,
              )
            : html`<span class="soft small-text">Your only way in</span>`,
        ],
      })),
    })}${others.length > 0 ? html`<p class="form-foot after-table">${others.map(({ id, title }) => buttonLink(`/auth/${id}?link=1&return=/account`, html`${icons.plus}Add ${title}`))}</p>` : NOTHING}`,
  );
}

async function sessionsCard(deps: ConsoleDeps, { member, session }: MemberVisit, now: number): Promise<Html> {
  const sessions = await deps.sessions.list(member.person_id, session);
  return card(
    'Sessions',
    table({
      caption: 'Where you are signed in',
      columns: ['Browser', 'Last used', 'Signed in', 'Ends', 'End it'],
      rows: sessions.map((one) => ({
        cells: [
          html`${browserWords(one.agent)} ${one.isThis ? badge({ word: 'This one', tone: 'good' }) : NOTHING}`,
          time(one.lastUsedAt, now),
          time(one.startedAt, now),
          time(one.expiresAt, now),
          one.isThis ? NOTHING : actionButton(`/account/sessions/${one.id}/end`, 'End'),
        ],
      })),
    }),
    {
      actions:
        sessions.length > 1 ? actionButton('/account/sessions/end-others', 'End all others') : undefined,
    },
  );
}

/** "Firefox on Windows" from a User-Agent; enough to recognise one's own. */
function browserWords(agent: string | null): string {
  if (!agent) return 'A browser';
  const browser = BROWSERS.find(([sign]) => agent.includes(sign))?.[1] ?? 'A browser';
  const system = SYSTEMS.find(([sign]) => agent.includes(sign))?.[1];
  return system ? `${browser} on ${system}` : browser;
}
const BROWSERS: [sign: string, name: string][] = [
  ['Firefox/', 'Firefox'],
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
];
const SYSTEMS: [sign: string, name: string][] = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
];
