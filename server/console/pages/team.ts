/** People of the account: members, invitations, join requests, roles, what they see, and who owns it. */
import type { Grants, Invitation, JoinWish, TeamMember } from '../../accounts/contracts.ts';
import { isRefused, type Refused } from '../../accounts/refusal.ts';
import type { Workspace } from '../../store/connections/connections.ts';
import type { ConsoleDeps } from '../deps.ts';
import { badge, card, copyable, disclosure, head, notice, table, time } from '../elements.ts';
import { flash } from '../flash.ts';
import { actionButton, checkbox, field, form, group, submit } from '../forms.ts';
import { type Content, type Html, html, NOTHING } from '../html.ts';
import { type Answer, type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { count, ROLES, type Tone } from '../words.ts';
import { workspaceTitle } from './workspaces.ts';

export const teamPages = (deps: ConsoleDeps): PageRoute[] => [
  managed('get', '/team', (visit) => page(deps, visit)),
  managed('post', '/team/invitations', async (visit) => {
    const { form: sent } = visit;
    const answer = await deps.invitations.invite(visit.member, {
      email: sent.get('email')?.trim() ?? '',
      role: roleOf(sent),
      ...(roleOf(sent) === 'member' ? { workspaces: grantsOf(sent) } : {}),
    });
    return invited(deps, visit, answer, 'invited');
  }),
  managed('post', '/team/invitations/:id/renew', async (visit) =>
    invited(deps, visit, await deps.invitations.renew(visit.member, id(visit)), 'invitation-renewed'),
  ),
  managed('post', '/team/invitations/:id/withdraw', async (visit) =>
    done(deps, visit, await deps.invitations.withdraw(visit.member, id(visit)), 'invitation-withdrawn'),
  ),
  managed('post', '/team/members/:id/role', async (visit) =>
    done(
      deps,
      visit,
      await deps.people.changeRole(visit.member, id(visit), roleOf(visit.form)),
      'role-changed',
    ),
  ),
  managed('post', '/team/members/:id/access', async (visit) =>
    done(
      deps,
      visit,
      await deps.people.grant(visit.member, id(visit), grantsOf(visit.form)),
      'access-changed',
    ),
  ),
  managed('post', '/team/members/:id/remove', async (visit) =>
    done(deps, visit, await deps.people.remove(visit.member, id(visit)), 'member-removed'),
  ),
  managed('post', '/team/members/:id/transfer', async (visit) =>
    done(deps, visit, await deps.people.transferOwnership(visit.member, id(visit)), 'transferred'),
  ),
  managed('post', '/team/requests/:id/accept', async (visit) =>
    done(deps, visit, await deps.people.acceptJoin(visit.member, id(visit), roleOf(visit.form)), 'joined'),
  ),
  managed('post', '/team/requests/:id/decline', async (visit) =>
    done(deps, visit, await deps.people.declineJoin(visit.member, id(visit)), 'declined'),
  ),
];

const id = ({ params }: MemberVisit): string => params.id ?? '';
const roleOf = (sent: URLSearchParams): 'admin' | 'member' =>
  sent.get('role') === 'admin' ? 'admin' : 'member';
/** "All" wins over single ones; nothing chosen is nothing granted. */
const grantsOf = (sent: URLSearchParams): Grants =>
  sent.getAll('workspace').includes('all') ? 'all' : sent.getAll('workspace');

interface Said {
  refused?: Refused;
  /** An invitation's link, when no mail can be sent. */
  link?: string;
}

async function done(
  deps: ConsoleDeps,
  visit: MemberVisit,
  refused: Refused | undefined,
  what: string,
): Promise<Answer> {
  return refused ? page(deps, visit, { refused }) : { goTo: `/team?done=${what}` };
}

async function invited(
  deps: ConsoleDeps,
  visit: MemberVisit,
  answer: { invitation: Invitation; link?: string } | Refused,
  what: string,
): Promise<Answer> {
  if (isRefused(answer)) return page(deps, visit, { refused: answer });
  return answer.link ? page(deps, visit, { link: answer.link }) : { goTo: `/team?done=${what}` };
}

const STATUS: Record<Refused['refused'], number> = {
  forbidden: 403,
  not_found: 404,
  invalid: 422,
  conflict: 409,
};

async function page(deps: ConsoleDeps, visit: MemberVisit, said: Said = {}): Promise<Page> {
  const { account_id } = visit.member;
  const [team, invitations, wishes, workspaces] = await Promise.all([
    deps.people.team(account_id),
    deps.invitations.list(account_id),
    deps.people.joinWishes(account_id),
    workspacesOf(deps, visit.member),
  ]);
  const live = workspaces.filter((one) => one.status !== 'archived');
  const open = invitations.filter((one) => one.status !== 'accepted');
  const { refused, link } = said;
  const body = html`${flash(visit)}${head('Team', {
    lead: 'Owners and admins connect workspaces and channels and manage people. Members use what is connected.',
  })}${refused && !refused.field ? notice('bad', 'That was not done', refused.why) : NOTHING}${link ? linkOnce(link) : NOTHING}${
    wishes.length > 0 ? card('Requests to join', requestList(wishes, visit.now)) : NOTHING
  }${card('Members', memberTable(team, live, visit))}${open.length > 0 ? card('Invitations', invitationTable(open, live, visit.now)) : NOTHING}${card(
    'Invite somebody',
    inviteForm(deps, visit, live, refused),
  )}`;
  return { title: 'Team', section: 'team', status: refused ? STATUS[refused.refused] : 200, body };
}

const linkOnce = (link: string): Html =>
  notice(
    'good',
    'Send this link to them',
    html`This installation sends no mail. Whoever opens the link joins; it is shown this once.</p><p>${copyable(link, 'the invitation’s link')}`,
  );

const requestList = (wishes: JoinWish[], now: number): Html =>
  html`<ul class="rows">${wishes.map(
    (wish) =>
      html`<li><div class="head-row"><div class="head-words"><p><strong>${wish.name ?? wish.email ?? 'Somebody'}</strong>${wish.name && wish.email ? html` <span class="soft">${wish.email}</span>` : NOTHING}</p><p class="soft small-text">Tried to connect ${wish.workspaceName}, which is yours, ${time(wish.at, now)}.</p></div><div class="actions">${actionButton(`/team/requests/${wish.id}/accept`, 'Let in as a member', 'primary', { role: 'member' })}${actionButton(`/team/requests/${wish.id}/accept`, 'As an admin', 'plain', { role: 'admin' })}${actionButton(`/team/requests/${wish.id}/decline`, 'Decline')}</div></div></li>`,
  )}</ul>`;

function memberTable(team: TeamMember[], workspaces: Workspace[], visit: MemberVisit): Html {
  const mine = team.find((one) => one.personId === visit.member.person_id);
  return table({
    caption: 'Members of the account',
    columns: ['Name', 'Role', 'Sees', 'Signs in with', 'Since', 'Change'],
    rows: team.map((person) => ({
      cells: [
        html`<span class="free"><strong>${nameOf(person)}</strong>${person === mine ? html` <span class="soft">(you)</span>` : NOTHING}${person.name && person.email ? html`<br><span class="soft small-text">${person.email}</span>` : NOTHING}</span>`,
        ROLES[person.role],
        seesWords(person.workspaces, workspaces),
        html`<span class="small-text">${person.logins.map((one) => LOGINS[one] ?? one).join(', ')}</span>`,
        time(person.since, visit.now),
        person.role === 'owner' || person === mine
          ? html`<span class="soft small-text">${person.role === 'owner' ? 'Owners cannot be changed.' : 'You cannot change yourself.'}</span>`
          : memberActions(person, workspaces, mine?.role === 'owner'),
      ],
    })),
  });
}

export const LOGINS: Record<string, string> = {
  password: 'E-mail and password',
  google: 'Google',
  intercom: 'Intercom',
  hubspot: 'HubSpot',
};
const nameOf = (person: { name: string | null; email: string | null }): string =>
  person.name ?? person.email ?? 'Somebody without a name';

const seesWords = (grants: Grants, workspaces: Workspace[]): Content => {
  if (grants === 'all') return 'All workspaces';
  const names = workspaces.filter((one) => grants.includes(one.id)).map(workspaceTitle);
  return names.length > 0 ? html`<span class="free">${names.join(', ')}</span>` : 'No workspace yet';
};

function memberActions(person: TeamMember, workspaces: Workspace[], iAmOwner: boolean): Html {
  const base = `/team/members/${person.personId}`;
  const name = nameOf(person);
  const other = person.role === 'admin' ? 'member' : 'admin';
  const parts = [
    actionButton(`${base}/role`, other === 'admin' ? 'Make an admin' : 'Make a member', 'plain', {
      role: other,
    }),
    person.role === 'member' && workspaces.length > 0
      ? form(
          `${base}/access`,
          html`${group(`What ${name} sees`, accessBoxes(workspaces, person.workspaces, person.personId))}${submit('Save', 'plain')}`,
        )
      : NOTHING,
    iAmOwner
      ? disclosure(
          'Make them the owner',
          html`<p>${name} becomes the owner of the account and you become an admin. Only they can give it back.</p>${actionButton(`${base}/transfer`, `Hand the account over to ${name}`, 'danger')}`,
        )
      : NOTHING,
    disclosure(
      'Remove',
      html`<p>${name} loses access at once; their sessions and tokens end. What they connected stays.</p>${actionButton(`${base}/remove`, `Remove ${name}`, 'danger')}`,
      { danger: true },
    ),
  ];
  return disclosure(html`Change<span class="unseen"> ${name}</span>`, parts);
}

const accessBoxes = (workspaces: Workspace[], grants: Grants, key: string): Html =>
  html`${[
    { id: 'all', title: 'All workspaces, also later ones' },
    ...workspaces.map((one) => ({ id: one.id, title: workspaceTitle(one) })),
  ].map((one) =>
    checkbox({
      name: 'workspace',
      value: one.id,
      key,
      label: one.title,
      checked: grants === 'all' ? one.id === 'all' : grants.includes(one.id),
    }),
  )}`;

const INVITATION: Record<Invitation['status'], { word: string; tone: Tone }> = {
  pending: { word: 'Pending', tone: 'wait' },
  accepted: { word: 'Accepted', tone: 'good' },
  expired: { word: 'Expired', tone: 'quiet' },
};

const invitationTable = (invitations: Invitation[], workspaces: Workspace[], now: number): Html =>
  table({
    caption: 'Open invitations',
    columns: ['E-mail', 'Role', 'Sees', 'Status', 'Invited', 'Change'],
    rows: invitations.map((one) => ({
      cells: [
        html`<span class="free">${one.email}</span>`,
        ROLES[one.role],
        seesWords(one.workspaces, workspaces),
        badge(INVITATION[one.status]),
        html`${time(one.at, now)}${one.invitedBy ? html` <span class="soft">by ${one.invitedBy}</span>` : NOTHING}`,
        html`<div class="actions">${actionButton(`/team/invitations/${one.id}/renew`, html`Send again<span class="unseen"> to ${one.email}</span>`)}${actionButton(`/team/invitations/${one.id}/withdraw`, html`Withdraw<span class="unseen"> the invitation of ${one.email}</span>`)}</div>`,
      ],
    })),
  });

function inviteForm(
  deps: ConsoleDeps,
  { form: sent }: MemberVisit,
  workspaces: Workspace[],
  refused: Refused | undefined,
): Html {
  const wrong = refused?.field ? refused : undefined;
  return form(
    '/team/invitations',
    html`${field({
      name: 'email',
      label: 'E-mail',
      type: 'email',
      required: true,
      value: wrong ? (sent.get('email') ?? '') : '',
      hint: deps.passwords.mail
        ? 'We send them a link.'
        : 'No mail can be sent from here: you get the link to pass on.',
      error: wrong?.field === 'email' ? wrong.why : undefined,
    })}${wrong && wrong.field !== 'email' ? notice('bad', 'That was not done', wrong.why) : NOTHING}${field({
      name: 'role',
      label: 'Role',
      required: true,
      value: wrong ? roleOf(sent) : 'member',
      options: [
        { value: 'member', label: 'Member: uses the workspaces' },
        { value: 'admin', label: 'Admin: also manages people, workspaces and channels' },
      ],
    })}${
      workspaces.length > 1
        ? disclosure(
            'What a member sees',
            group(
              `${count(workspaces.length, 'workspace')} to choose from`,
              accessBoxes(workspaces, wrong ? grantsOf(sent) : 'all', 'invite'),
              'Admins always see all of them.',
            ),
          )
        : html`<input type="hidden" name="workspace" value="all">`
    }<div class="form-foot">${submit('Invite')}</div>`,
  );
}
