/** Erasing one customer from every workspace of the account, with a receipt that does not say who it was. */
import type { ErasureReceipt } from '../../accounts/contracts.ts';
import { isRefused, type Refused } from '../../accounts/refusal.ts';
import type { ConsoleDeps } from '../deps.ts';
import { card, copyable, empty, facts, head, notice, table } from '../elements.ts';
import { checkbox, field, form, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { digits, exactWords } from '../words.ts';
import { STATUS } from './sign-in.ts';
import { workspaceTitle } from './workspaces.ts';

export const erasePages = (deps: ConsoleDeps): PageRoute[] => [
  managed('get', '/erase', async (visit) => page(visit)),
  managed('post', '/erase', async (visit) => {
    if (visit.form.get('sure') !== 'yes') return page(visit, UNSURE);
    const answer = await deps.erasure.erase(visit.member, visit.form.get('customer') ?? '');
    return isRefused(answer) ? page(visit, answer) : receiptPage(deps, visit, answer);
  }),
];

const UNSURE: Refused = {
  refused: 'invalid',
  why: 'Tick the box: what is erased cannot be brought back.',
  field: 'sure',
};
const CRUMBS: [string, string][] = [['/audit', 'Audit trail']];

function page({ form: sent }: MemberVisit, refused?: Refused): Page {
  const at = (name: string): string | undefined => (refused?.field === name ? refused.why : undefined);
  const unsure = at('sure');
  const body = html`${head('Erase a customer', {
    crumbs: CRUMBS,
    lead: 'Everything about one customer leaves messages, files and links of every workspace of this account. What stands in Intercom or HubSpot is erased there.',
  })}${refused && !refused.field ? notice('bad', 'Nothing was erased', refused.why) : NOTHING}<section class="card narrow">${form(
    '/erase',
    html`${field({
      name: 'customer',
      label: 'Who',
      hint: 'A phone number in any form, an @handle, or the user id that the app knows them by.',
      required: true,
      maxlength: 200,
      value: sent.get('customer') ?? '',
      error: at('customer'),
    })}<div class="field">${unsure ? html`<p class="field-error">${unsure}</p>` : NOTHING}${checkbox({
      name: 'sure',
      value: 'yes',
      label: 'I know that this cannot be taken back.',
    })}</div><div class="form-foot">${submit('Erase for good', 'danger')}</div>`,
  )}</section>`;
  return {
    title: 'Erase a customer',
    section: 'audit',
    status: refused ? STATUS[refused.refused] : 200,
    body,
  };
}

async function receiptPage(deps: ConsoleDeps, visit: MemberVisit, receipt: ErasureReceipt): Promise<Page> {
  const workspaces = await workspacesOf(deps, visit.member);
  const body = html`${head('Erased', { crumbs: CRUMBS, lead: 'This is the receipt. It is kept in the audit trail; it names nobody.' })}${card(
    'Receipt',
    html`${facts([
      ['When', exactWords(receipt.at)],
      ['Customer', copyable(receipt.customer, 'the customer’s hash')],
    ])}<p class="after-table">${receipt.kept}</p>`,
  )}${card(
    'What was erased',
    erased(receipt, (id) => titleOf(workspaces.find((one) => one.id === id))),
  )}`;
  return { title: 'Erased', section: 'audit', body };
}

const titleOf = (workspace: Parameters<typeof workspaceTitle>[0] | undefined): string =>
  workspace ? workspaceTitle(workspace) : 'A workspace of the past';

function erased({ workspaces }: ErasureReceipt, title: (id: string) => string): Html {
  if (workspaces.length === 0) return empty('Nothing', 'Nobody of that name, number or id was known here.');
  return table({
    caption: 'What was erased, by workspace',
    columns: ['Workspace', 'Conversations', 'Messages', 'Files', 'Links to contacts'],
    rows: workspaces.map((one) => ({
      cells: [
        html`<span class="free">${title(one.workspaceId)}</span>`,
        digits(one.conversations),
        digits(one.messages),
        digits(one.files),
        digits(one.contacts),
      ],
    })),
  });
}
