/** One message's journey: every step, every call, what was received, and another try. */
import { mayManage } from '../../accounts/roles.ts';
import { describe } from '../../core/describe.ts';
import { contentErased, notFound, Problem } from '../../http/problem.ts';
import type { Journey, JourneyCall, Step } from '../../store/reading/activity.ts';
import type { ConsoleDeps } from '../deps.ts';
import { badge, card, copyable, disclosure, facts, head, link, notice, time } from '../elements.ts';
import { flash } from '../flash.ts';
import { actionButton } from '../forms.ts';
import { type Content, type Html, html, NOTHING } from '../html.ts';
import { icons } from '../icons.ts';
import { inside, type MemberVisit, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { count, exactWords, messageWord, type Tone } from '../words.ts';
import { type Places, placesOf } from './activity.ts';
import { whoWords } from './message-list.ts';
import { channelTitle } from './workspace.ts';
import { platformTitle, workspaceTitle } from './workspaces.ts';

export const messagePages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/activity/:id', async (visit) => {
    const places = await placesOf(deps, visit);
    const ids = places.workspaces.map((one) => one.id);
    const journey = await deps.activity.journey(ids, visit.params.id ?? '');
    if (!journey) throw notFound('message');
    return { title: titleOf(journey), section: 'activity', body: page(deps, visit, places, journey) };
  }),
  inside('post', '/activity/:id/retry', async (visit) => {
    const id = visit.params.id ?? '';
    const answer = await deps.retry(
      (await workspacesOf(deps, visit.member)).map((one) => one.id),
      id,
    );
    if (answer === 'not_found') throw notFound('message');
    if (answer === 'erased') throw contentErased();
    if (answer === 'not_failed')
      throw new Problem(409, {
        detail: 'This message has not failed.',
        remedy: 'It is under way or has arrived: look at its journey.',
      });
    return { goTo: `/activity/${id}?done=retried` };
  }),
];

const titleOf = (journey: Journey): string =>
  journey.kind !== 'message'
    ? 'Something that was not understood'
    : journey.direction === 'out'
      ? `To ${whoWords(journey)}`
      : `From ${whoWords(journey)}`;

function page(deps: ConsoleDeps, visit: MemberVisit, places: Places, journey: Journey): Html {
  const { now, member } = visit;
  const word = messageWord(journey.status, journey.direction);
  const target = targetOf(deps, places, journey);
  return html`${flash(visit)}${head(titleOf(journey), {
    crumbs: [['/activity', 'Activity']],
    lead: html`${badge(word)} ${time(journey.receivedAt, now)}`,
  })}<div id="outcome" data-refresh>${outcome(journey)}</div><div class="columns"><div class="stack">${card('The message', said(journey))}${card(
    'Its journey',
    html`<ol class="journey" id="journey" data-refresh>${journey.history.map((step) => stepItem(step, journey, target))}</ol>`,
  )}${journey.calls.length > 0 ? card('What was sent for it', html`<ul class="rows" id="calls" data-refresh>${journey.calls.map((call) => callItem(call, { now, target, parts: journey.calls.filter((one) => one.kind === 'message').length }))}</ul>`) : NOTHING}</div><div class="stack">${about(deps, places, journey, now)}${
    mayManage(member.role) ? raw(journey) : NOTHING
  }</div></div>`;
}

function outcome(journey: Journey): Html {
  const { status, reason, id } = journey;
  if (status !== 'failed' && status !== 'unknown') return NOTHING;
  const again = actionButton(`/activity/${id}/retry`, html`${icons.again}Send again`, 'primary');
  return status === 'failed'
    ? notice('bad', 'It was not delivered', reason ?? 'No reason was given.', again)
    : notice(
        'wait',
        'It may have been delivered',
        html`${reason ?? 'The other side never answered.'} Look there first: sending again could make it arrive twice.`,
        again,
      );
}

function said({ event, files, kind }: Journey): Html {
  if (!event)
    return html`<p class="soft">Its content was erased: it is kept only for as long as it is needed.</p>`;
  const words =
    event.kind === 'message'
      ? event.parts.map(partWords).filter((one) => one !== '')
      : ['why' in event ? (event.why ?? '') : ''];
  return html`${words.map((text) => html`<p class="quote">${text}</p>`)}${files.length > 0 ? fileList(files) : NOTHING}${kind === 'message' ? NOTHING : html`<p class="soft">It is kept as it came, so that nothing is lost.</p>`}`;
}

type MessagePart = Extract<NonNullable<Journey['event']>, { kind: 'message' }>['parts'][number];

/** Files stand in a list of their own, so here only what was written under them. */
const partWords = (part: MessagePart): string =>
  part.kind === 'file' ? (part.caption ?? '') : describe(part);

const fileList = (files: Journey['files']): Html =>
  html`<ul>${files.map(
    (file) =>
      html`<li>${file.name ?? file.kind} ${file.size ? html`<span class="soft">${Math.max(1, Math.round(Number(file.size) / 1024))} kB</span>` : NOTHING} ${
        file.state === 'failed'
          ? html`<span class="field-error">${file.reason ?? 'It could not be fetched.'}</span>`
          : file.state === 'waiting'
            ? html`<span class="soft">being fetched</span>`
            : NOTHING
      }</li>`,
  )}</ul>`;

const STEPS: Record<string, { word: string; tone: Tone }> = {
  received: { word: 'Received and stored', tone: 'good' },
  queued: { word: 'Waiting to be sent', tone: 'wait' },
  delivered: { word: 'Delivered', tone: 'good' },
  read: { word: 'Read', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  unknown: { word: 'Perhaps delivered', tone: 'wait' },
};

/** Who gets it: the inbox for what customers write, the channel's provider for what the team answers. */
function targetOf(deps: ConsoleDeps, { channels, workspaces }: Places, journey: Journey): string {
  const channel = channels.find((one) => one.id === journey.channelId);
  const workspace = workspaces.find((one) => one.id === journey.workspaceId);
  if (journey.direction === 'out') return channel ? channelTitle(deps, channel.type) : 'the customer';
  return workspace ? platformTitle(deps, workspace.platform) : 'your inbox';
}

function stepItem(step: Step, { receivedAt }: Journey, target: string): Html {
  const accepted = { word: `Accepted by ${target}`, tone: 'good' as const };
  const known = step.status === 'sent' ? accepted : STEPS[step.status];
  const { word, tone } = known ?? { word: step.status, tone: 'quiet' as const };
  const again = step.status === 'queued' && step.reason === 'Resend';
  const reason = again ? undefined : step.reason;
  return html`<li class="is-${tone}"><p class="step">${again ? 'Sent again by hand' : word}</p><p class="soft small-text"><time datetime="${new Date(step.at).toISOString()}">${exactWords(step.at)}</time>${later(step.at - receivedAt)}</p>${reason ? html`<p>${reason}</p>` : NOTHING}</li>`;
}

/** How long after it was received. */
function later(ms: number): Content {
  if (ms <= 0) return NOTHING;
  if (ms < 1_000) return ` · after ${ms} ms`;
  return ms < 120_000 ? ` · after ${(ms / 1_000).toFixed(1)} s` : ` · after ${Math.round(ms / 60_000)} min`;
}

const CALLS: Record<string, { word: string; tone: Tone }> = {
  queued: { word: 'Waiting', tone: 'wait' },
  started: { word: 'Under way', tone: 'wait' },
  checking: { word: 'Being checked', tone: 'wait' },
  sent: { word: 'Accepted', tone: 'good' },
  delivered: { word: 'Delivered', tone: 'good' },
  read: { word: 'Read', tone: 'good' },
  done: { word: 'Done', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  unknown: { word: 'Perhaps accepted', tone: 'wait' },
  cancelled: { word: 'Not sent', tone: 'quiet' },
};

interface CallContext {
  now: number;
  target: string;
  /** How many calls the message was cut into. */
  parts: number;
}
const callItem = (call: JourneyCall, { now, target, parts }: CallContext): Html =>
  html`<li><p class="form-foot">${badge(CALLS[call.state] ?? { word: call.state, tone: 'quiet' })}<span>${callTitle(call, target, parts)}</span><span class="soft small-text">${call.attempts > 0 ? `${count(call.attempts, 'try', 'tries')} · ` : ''}${time(call.updatedAt, now)}</span></p>${call.excerpt ? html`<p class="soft">${call.excerpt}</p>` : NOTHING}${call.reason ? html`<p>${call.reason}</p>` : NOTHING}${call.nextAt ? html`<p class="soft">Next try ${time(call.nextAt, now)}</p>` : NOTHING}${call.providerId ? html`<p class="small-text">Id there: <code>${call.providerId}</code></p>` : NOTHING}</li>`;

const callTitle = ({ kind, part }: JourneyCall, target: string, parts: number): string => {
  if (kind === 'status') return 'Telling your inbox what became of it';
  if (kind !== 'message') return 'Kept for the record';
  return parts > 1 ? `To ${target}, part ${part + 1} of ${parts}` : `To ${target}`;
};

function about(deps: ConsoleDeps, { channels, workspaces }: Places, journey: Journey, now: number): Html {
  const workspace = workspaces.find((one) => one.id === journey.workspaceId);
  const channel = channels.find((one) => one.id === journey.channelId);
  const { customer, conversation } = journey;
  const rows: [Content, Content][] = [];
  if (customer)
    rows.push(['Customer', customer.name ? `${customer.name}, ${customer.address}` : customer.address]);
  if (channel) rows.push(['Channel', link(`/channels/${channel.id}`, channel.name)]);
  if (workspace) {
    rows.push(['Workspace', link(`/workspaces/${workspace.id}`, workspaceTitle(workspace))]);
    if (conversation?.platformThread)
      rows.push([
        `Conversation in ${platformTitle(deps, workspace.platform)}`,
        html`<code>${conversation.platformThread}</code>`,
      ]);
  }
  rows.push(
    ['Written', time(journey.at, now)],
    ['Our id', copyable(journey.id, 'the message’s id')],
    ['Their id', html`<code>${journey.sourceId}</code>`],
  );
  if (customer)
    rows.push([
      'More',
      link(`/activity?q=${encodeURIComponent(customer.address)}`, 'All messages of this customer'),
    ]);
  return card('About', facts(rows));
}

const raw = ({ event }: Journey): Html =>
  event
    ? disclosure(
        'As we received it',
        html`<pre class="raw" tabindex="0" role="region" aria-label="The message as we received it">${event.kind === 'unparsed' ? event.raw : JSON.stringify(event, null, 2)}</pre>`,
      )
    : NOTHING;
