/** How much, how fast, and what fails: plots. */
import type { ConsoleDeps } from '../deps.ts';
import { card, empty, head, link } from '../elements.ts';
import { field, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { type BarPlot, columns, rows } from '../plots.ts';
import { inside, type MemberVisit, type PageRoute } from '../routes.ts';
import { count, digits } from '../words.ts';
import { type Places, placesOf } from './activity.ts';
import { workspaceTitle } from './workspaces.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SPANS = [
  { id: '1', label: 'Last 24 hours', buckets: 24, bucketMs: HOUR_MS },
  { id: '7', label: 'Last 7 days', buckets: 7, bucketMs: DAY_MS },
  { id: '30', label: 'Last 30 days', buckets: 30, bucketMs: DAY_MS },
] as const;
type Span = (typeof SPANS)[number];

/** ms; named for the table and for the plot. */
const WITHIN: [limit: number, name: string, short: string][] = [
  [1_000, 'under 1 s', '<1 s'],
  [2_000, '1–2 s', '1–2 s'],
  [5_000, '2–5 s', '2–5 s'],
  [10_000, '5–10 s', '5–10 s'],
  [60_000, '10–60 s', '≤1 min'],
  [600_000, '1–10 min', '≤10 min'],
];
const REST = { name: 'longer', short: 'longer' };

export const trafficPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/traffic', async (visit) => {
    const places = await placesOf(deps, visit);
    const span = SPANS.find((one) => one.id === visit.query.get('days')) ?? SPANS[1];
    const body = html`${head('Traffic', {
      lead: 'How much passes through your channels, how fast it arrives, and what fails.',
    })}${filterForm(visit, places, span)}${await plots(deps, visit, places, span)}`;
    return { title: 'Traffic', section: 'traffic', body };
  }),
];

function filterForm({ query }: MemberVisit, { workspaces }: Places, span: Span): Html {
  return html`<form class="filters short" method="get" action="/traffic" aria-label="What to show" data-live>${field(
    {
      name: 'days',
      label: 'Time',
      filters: true,
      value: span.id,
      options: SPANS.map(({ id, label }) => ({ value: id, label })),
    },
  )}${
    workspaces.length > 1
      ? field({
          name: 'workspace',
          label: 'Workspace',
          filters: true,
          value: query.get('workspace') ?? '',
          options: [
            { value: '', label: 'All' },
            ...workspaces.map((one) => ({ value: one.id, label: workspaceTitle(one) })),
          ],
        })
      : NOTHING
  }<div class="form-foot">${submit('Show', 'plain')}</div></form>`;
}

async function plots(deps: ConsoleDeps, visit: MemberVisit, places: Places, span: Span): Promise<Html> {
  const wanted = visit.query.get('workspace');
  const workspaceIds = places.workspaces.map((one) => one.id).filter((id) => !wanted || id === wanted);
  // The last bucket is the one that we are in.
  const since = visit.now - (visit.now % span.bucketMs) - (span.buckets - 1) * span.bucketMs;
  const range = { workspaceIds, since };
  const [counts, times, reasons] = await Promise.all([
    deps.traffic.counts({ ...range, bucketMs: span.bucketMs }),
    deps.traffic.deliveryTimes({ ...range, within: WITHIN.map(([limit]) => limit) }),
    deps.traffic.failureReasons(range),
  ]);
  if (counts.length === 0)
    return html`<div class="card">${empty('No message in this time', 'Choose a longer time, or wait for the first one.')}</div>`;
  const total = counts.reduce((sum, one) => sum + one.count, 0);
  const failed = counts.reduce((sum, one) => sum + one.failed, 0);
  return html`${numbers(counts, failed, times)}<div class="stack plots">${card('Messages over time', columns(overTime(counts, span, since)))}${card(
    'Traffic per channel',
    rows(perChannel(counts, places)),
  )}${card('Delivery time', columns(deliveryTime(times)), { lead: 'From our receiving a message to the other side’s accepting it.' })}${card(
    'Why messages fail',
    reasons.length > 0
      ? rows(failurePlot(reasons, failed, total))
      : empty('Nothing has failed', 'Every message of this time arrived, or is on its way.'),
    { actions: reasons.length > 0 ? link('/failures', 'See the messages') : undefined },
  )}</div>`;
}

type Counts = Awaited<ReturnType<ConsoleDeps['traffic']['counts']>>;
type Times = { in: number[]; out: number[] };
const IN_OUT: BarPlot['series'] = [
  { key: 'in', name: 'From customers' },
  { key: 'out', name: 'From your team' },
];
const sumOf = (counts: Counts, direction: 'in' | 'out'): number =>
  counts.filter((one) => one.direction === direction).reduce((sum, one) => sum + one.count, 0);

function numbers(counts: Counts, failed: number, times: Times): Html {
  const sent = [...times.in, ...times.out].reduce((sum, one) => sum + one, 0);
  const fast = [times.in, times.out].reduce((sum, slots) => sum + (slots[0] ?? 0) + (slots[1] ?? 0), 0);
  const number = (term: string, value: string): Html =>
    html`<div class="number"><dt>${term}</dt><dd>${value}</dd></div>`;
  return html`<dl class="numbers">${number('From customers', digits(sumOf(counts, 'in')))}${number('From your team', digits(sumOf(counts, 'out')))}${number('Failed or in doubt', digits(failed))}${number('Within 2 seconds', sent > 0 ? `${Math.round((fast / sent) * 100)} %` : '–')}</dl>`;
}

const day = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });
const hour = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' });

function overTime(counts: Counts, span: Span, since: number): BarPlot {
  const name = span.bucketMs === HOUR_MS ? hour : day;
  const bars = Array.from({ length: span.buckets }, (_, bucket) => {
    const here = counts.filter((one) => one.bucket === bucket);
    return {
      name: name.format(since + bucket * span.bucketMs),
      values: [sumOf(here, 'in'), sumOf(here, 'out')],
    };
  });
  const says = `${count(sumOf(counts, 'in'), 'message')} from customers and ${digits(sumOf(counts, 'out'))} from your team. Times are UTC.`;
  return { id: 'over-time', title: 'Messages over time', says, series: IN_OUT, bars, of: 'Time' };
}

function perChannel(counts: Counts, { channels, workspaces }: Places): BarPlot {
  const bars = [...Map.groupBy(counts, (one) => one.channelId)]
    .map(([id, some]) => {
      const channel = channels.find((one) => one.id === id);
      const workspace = workspaces.find((one) => one.id === channel?.workspace_id);
      const where = workspaces.length > 1 && workspace ? ` · ${workspaceTitle(workspace)}` : '';
      return {
        name: `${channel?.name ?? 'A channel of the past'}${where}`,
        values: [sumOf(some, 'in'), sumOf(some, 'out')],
      };
    })
    .sort((a, b) => total(b.values) - total(a.values));
  const says = `${bars[0]?.name ?? 'No channel'} carried most.`;
  return {
    id: 'per-channel',
    title: 'Traffic per channel',
    says,
    series: IN_OUT,
    bars: bars.slice(0, 20),
    of: 'Channel',
  };
}
const total = (values: number[]): number => values.reduce((sum, one) => sum + one, 0);

function deliveryTime(times: Times): BarPlot {
  const names = [...WITHIN.map(([, name, short]) => ({ name, short })), REST];
  const bars = names.map((one, slot) => ({ ...one, values: [times.in[slot] ?? 0, times.out[slot] ?? 0] }));
  const all = total(bars.map((bar) => total(bar.values)));
  const quick = total(bars.slice(0, 3).map((bar) => total(bar.values)));
  const says =
    all > 0 ? `${digits(quick)} of ${digits(all)} arrived within 5 seconds.` : 'Nothing has arrived yet.';
  return { id: 'delivery-time', title: 'Delivery time', says, series: IN_OUT, bars, of: 'Time' };
}

const failurePlot = (reasons: { reason: string; count: number }[], failed: number, all: number): BarPlot => ({
  id: 'failures',
  title: 'Why messages fail',
  says: `${digits(failed)} of ${count(all, 'message')} failed or stayed in doubt. Each reason with its number.`,
  series: [{ key: 'failed', name: 'Messages' }],
  bars: reasons.map(({ reason, count: times }) => ({ name: reason, values: [times] })),
  of: 'Reason',
});
