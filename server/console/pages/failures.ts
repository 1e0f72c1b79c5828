/** What did not arrive, and sending it again. */
import { ERASED } from '../../core/outcome.ts';
import type { ActivityRow } from '../../store/reading/activity.ts';
import type { ConsoleDeps } from '../deps.ts';
import { card, empty, head, notice } from '../elements.ts';
import { FORM_TOKEN } from '../form-token.ts';
import { submit } from '../forms.ts';
import { attributes, type Html, html, NOTHING } from '../html.ts';
import { icons } from '../icons.ts';
import { inside, type MemberVisit, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { count } from '../words.ts';
import { pager, placesOf, whereWords } from './activity.ts';
import { messageList } from './message-list.ts';

const PAGE_SIZE = 50;

export const failuresPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/failures', async (visit) => {
    const places = await placesOf(deps, visit);
    const channelId = visit.query.get('channel');
    const before = visit.query.get('before');
    const { rows, next } = await deps.activity.list({
      workspaceIds: places.workspaces.map((one) => one.id),
      statuses: ['failed', 'unknown'],
      limit: PAGE_SIZE,
      ...(channelId ? { channelId } : {}),
      ...(before ? { before } : {}),
    });
    const list = (some: ActivityRow[]): Html =>
      messageList(some, { now: visit.now, channelName: (row) => whereWords(places, row), pick: 'message' });
    const body = html`${retried(visit)}${head('Failures', {
      lead: 'Messages that could not be delivered. Mend the cause, then send them again: in order, and each once.',
    })}${rows.length > 0 ? forms(rows, list) : html`<div class="card">${empty('Nothing has failed', 'Every message reached the other side, or is still on its way.')}</div>`}${pager(visit, next)}`;
    return { title: 'Failures', section: 'failures', body };
  }),
  inside('post', '/failures/retry', async (visit) => {
    const ids = (await workspacesOf(deps, visit.member)).map((one) => one.id);
    const done = { queued: 0, erased: 0, not_found: 0, not_failed: 0 };
    // Oldest first, one after another: so they leave in the order in which they were written.
    for (const id of visit.form.getAll('message').slice(0, PAGE_SIZE).sort())
      done[await deps.retry(ids, id)] += 1;
    return { goTo: `/failures?queued=${done.queued}${done.erased > 0 ? `&erased=${done.erased}` : ''}` };
  }),
];

function retried({ query }: MemberVisit): Html {
  const queued = query.get('queued');
  if (queued === null || !/^\d{1,3}$/.test(queued)) return NOTHING;
  const erased = query.get('erased');
  if (erased !== null && /^\d{1,3}$/.test(erased))
    return notice('wait', `${count(Number(queued), 'message')} queued again, ${erased} not`, ERASED);
  return queued === '0'
    ? notice('wait', 'Nothing was sent again', 'Choose at least one message that has failed.')
    : notice('good', `${count(Number(queued), 'message')} queued again. They go out in a moment.`);
}

/** What certainly failed and what is in doubt, apart: sending the latter again may double it. */
function forms(rows: ActivityRow[], list: (rows: ActivityRow[]) => Html): Html {
  const failed = rows.filter((row) => row.status === 'failed');
  const doubtful = rows.filter((row) => row.status === 'unknown');
  return html`${failed.length > 0 ? retryForm('failed', 'Not delivered', 'Certainly not sent: sending again is safe.', failed, list) : NOTHING}${
    doubtful.length > 0
      ? retryForm(
          'doubtful',
          'Perhaps delivered',
          'The other side never answered. Look there first: sending again may make them arrive twice.',
          doubtful,
          list,
        )
      : NOTHING
  }`;
}

const retryForm = (
  id: string,
  title: string,
  lead: string,
  rows: ActivityRow[],
  list: (rows: ActivityRow[]) => Html,
): Html =>
  card(
    title,
    html`<form method="post" action="/failures/retry"${attributes({ id: `retry-${id}`, 'aria-label': title })}>${FORM_TOKEN}${list(rows)}<div class="form-foot stays">${submit(html`${icons.again}Send the chosen ones again`)}<button type="button" class="button" data-choose="message" hidden>Choose none</button></div></form>`,
    { lead },
  );
