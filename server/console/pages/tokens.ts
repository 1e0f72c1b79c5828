/** API tokens of whoever is signed in: made, shown once, revoked. */
import { SCOPES, type Scope } from '../../accounts/tokens.ts';
import { notFound } from '../../http/problem.ts';
import type { ConsoleDeps } from '../deps.ts';
import { card, copyable, empty, head, link, notice, table, time } from '../elements.ts';
import { flash } from '../flash.ts';
import { actionButton, checkbox, field, form, group, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { inside, type MemberVisit, type Page, type PageRoute } from '../routes.ts';
import { dayWords } from '../words.ts';

export const tokensPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/tokens', (visit) => page(deps, visit)),
  inside('post', '/tokens', async (visit) => {
    const name = visit.form.get('name')?.trim() ?? '';
    const scopes = SCOPES.filter((scope) => visit.form.getAll('scope').includes(scope));
    if (name === '' || name.length > 100) return page(deps, visit, { field: 'name' });
    if (scopes.length === 0) return page(deps, visit, { field: 'scope' });
    const made = await deps.tokens.create({ ...visit.member, scopes: [...SCOPES] }, name, scopes);
    return made ? page(deps, visit, { token: made.token, name }) : page(deps, visit, { field: 'scope' });
  }),
  inside('post', '/tokens/:id/revoke', async (visit) => {
    if (!(await deps.tokens.revoke(visit.member, visit.params.id ?? ''))) throw notFound('token');
    return { goTo: '/tokens?done=token-revoked' };
  }),
];

type Outcome = { field: 'name' | 'scope' } | { token: string; name: string };

const MEANS: Record<Scope, string> = {
  'tokens:write': 'Make and revoke tokens',
  'workspaces:read': 'See workspaces',
  'workspaces:write': 'Archive workspaces',
  'channels:read': 'See channels',
  'channels:write': 'Add, change and archive channels',
  'messages:read': 'See messages and their statuses',
  'messages:write': 'Send messages again',
};

async function page(deps: ConsoleDeps, visit: MemberVisit, outcome?: Outcome): Promise<Page> {
  const { member, now } = visit;
  const all = await deps.accounts.tokensOf(member.account_id);
  const mine = all.filter((token) => token.person_id === member.person_id).reverse();
  const live = mine.filter((token) => token.revoked_at === null);
  const gone = mine.filter((token) => token.revoked_at !== null);
  const wrong = outcome && 'field' in outcome ? outcome.field : undefined;
  const body = html`${flash(visit)}${head('API tokens', {
    lead: html`For scripts that call the ${link('/api/v1/openapi.json', 'Octopods API')}. A token can do at most what you can, and ends when you leave the account.`,
  })}${outcome && 'token' in outcome ? shownOnce(outcome) : NOTHING}${card(
    'Your tokens',
    live.length > 0
      ? table({
          caption: 'Your tokens',
          columns: ['Name', 'May', 'Made', 'Revoke'],
          rows: live.map((token) => ({
            cells: [
              html`<span class="free">${token.name}</span>`,
              html`<span class="small-text">${token.scopes.split(' ').map(meaning).join(', ')}</span>`,
              time(token.created_at, now),
              actionButton(
                `/tokens/${token.id}/revoke`,
                html`Revoke<span class="unseen"> ${token.name}</span>`,
              ),
            ],
          })),
        })
      : empty('No token', 'Make one below. It is shown once, right after it is made.'),
    {
      lead:
        gone.length > 0
          ? `${gone.length} revoked, the last on ${dayWords(Math.max(...gone.map((one) => Number(one.revoked_at))))}.`
          : undefined,
    },
  )}${card('Make a token', newToken(visit, wrong))}`;
  return { title: 'API tokens', section: 'tokens', status: wrong ? 422 : 200, body };
}

const meaning = (scope: string): string => MEANS[scope as Scope] ?? scope;

const shownOnce = ({ token, name }: { token: string; name: string }): Html =>
  notice(
    'good',
    `The token “${name}” is made`,
    html`Copy it now: it is not shown again.</p><p>${copyable(token, 'the token')}`,
  );

function newToken({ form: sent }: MemberVisit, wrong: 'name' | 'scope' | undefined): Html {
  const chosen = sent.getAll('scope');
  return form(
    '/tokens',
    html`${field({
      name: 'name',
      label: 'Name',
      hint: 'What it is for, such as “nightly export”.',
      required: true,
      maxlength: 100,
      value: wrong ? (sent.get('name') ?? '') : '',
      error: wrong === 'name' ? 'Give it a name of 1 to 100 characters.' : undefined,
    })}${group(
      'It may',
      html`${wrong === 'scope' ? html`<p class="field-error">Choose at least one thing that it may do.</p>` : NOTHING}${SCOPES.map(
        (scope) =>
          checkbox({
            name: 'scope',
            value: scope,
            label: MEANS[scope],
            checked: wrong ? chosen.includes(scope) : scope.endsWith(':read'),
          }),
      )}`,
    )}<div class="form-foot">${submit('Make the token')}</div>`,
  );
}
