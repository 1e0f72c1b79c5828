/** The setup doctor: what works, what does not, and what to do, in one sentence each. */
import type { Diagnosis, Finding } from '../../accounts/contracts.ts';
import { isRefused } from '../../accounts/refusal.ts';
import { notFound } from '../../http/problem.ts';
import type { ConsoleDeps } from '../deps.ts';
import { badge, buttonLink, card, disclosure, empty, head } from '../elements.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { icons } from '../icons.ts';
import { inside, type MemberVisit, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { count, type Tone } from '../words.ts';
import { channelTitle } from './workspace.ts';
import { platformTitle, workspaceTitle } from './workspaces.ts';

export const doctorPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/doctor', async (visit) => {
    const channel = visit.query.get('channel');
    const workspace = visit.query.get('workspace');
    const body =
      channel || workspace ? await examined(deps, visit, { channel, workspace }) : await choose(deps, visit);
    return { title: 'Doctor', section: 'doctor', body };
  }),
];

async function choose(deps: ConsoleDeps, { member }: MemberVisit): Promise<Html> {
  const workspaces = (await workspacesOf(deps, member)).filter((one) => one.status !== 'archived');
  const lead =
    'Checks credentials, scopes, webhooks and clocks right now, and says what to do about what it finds.';
  return html`${head('Doctor', { lead })}${
    workspaces.length > 0
      ? html`<div class="tiles">${workspaces.map(
          (one) =>
            html`<section class="tile"><h2><a href="/doctor?workspace=${one.id}">Check ${workspaceTitle(one)}</a></h2><p class="soft">${platformTitle(deps, one.platform)} and its channels</p></section>`,
        )}</div>`
      : html`<div class="card">${empty('Nothing to check yet', 'Connect a workspace first.', buttonLink('/', 'To your workspaces'))}</div>`
  }`;
}

async function examined(
  deps: ConsoleDeps,
  visit: MemberVisit,
  of: { channel: string | null; workspace: string | null },
): Promise<Html> {
  const answer = of.channel
    ? await deps.doctor.channel(visit.member, of.channel)
    : await deps.doctor.workspace(visit.member, of.workspace ?? '');
  if (isRefused(answer)) throw notFound(of.channel ? 'channel' : 'workspace');
  const diagnoses = Array.isArray(answer) ? answer : [answer];
  const again = of.channel ? `/doctor?channel=${of.channel}` : `/doctor?workspace=${of.workspace}`;
  const [first] = diagnoses;
  return html`${head(first ? `Check of ${first.name}` : 'Doctor', {
    crumbs: [['/doctor', 'Doctor']],
    lead: summary(diagnoses),
    actions: buttonLink(again, html`${icons.again}Check again`),
  })}${diagnoses.map((one) => diagnosisCard(deps, one))}`;
}

function summary(diagnoses: Diagnosis[]): Html {
  const all = diagnoses.flatMap((one) => one.findings);
  const broken = all.filter((one) => one.state === 'broken').length;
  const attention = all.filter((one) => one.state === 'attention').length;
  if (broken > 0) return badge({ word: `${count(broken, 'thing')} to mend`, tone: 'bad' });
  if (attention > 0) return badge({ word: `${count(attention, 'thing')} to look at`, tone: 'wait' });
  return badge({ word: 'All is well', tone: 'good' });
}

function diagnosisCard(deps: ConsoleDeps, one: Diagnosis): Html {
  const isWorkspace = one.id === one.workspaceId;
  const title = isWorkspace ? platformTitle(deps, one.type) : channelTitle(deps, one.type);
  const href = isWorkspace ? `/workspaces/${one.id}` : `/channels/${one.id}`;
  const fine = one.findings.filter((finding) => finding.state === 'ok');
  const rest = one.findings.filter((finding) => finding.state !== 'ok');
  const list = (findings: Finding[]): Html => html`<ul class="rows">${findings.map(findingItem)}</ul>`;
  return card(
    html`<a href="${href}">${one.name}</a>`,
    html`${rest.length > 0 ? list(rest) : NOTHING}${
      fine.length > 0
        ? disclosure(html`${badge(STATES.ok)} ${count(fine.length, 'check')}: ${wordsOf(fine)}`, list(fine))
        : NOTHING
    }`,
    {
      lead: title,
      actions:
        rest.length > 0
          ? buttonLink(href, isWorkspace ? 'Open the workspace' : 'Open the channel')
          : undefined,
    },
  );
}

/** "reachable, credentials, clock". */
const wordsOf = (findings: Finding[]): string =>
  findings.map(({ check }) => CHECKS[check].toLowerCase()).join(', ');

const STATES: Record<Finding['state'], { word: string; tone: Tone }> = {
  ok: { word: 'Fine', tone: 'good' },
  attention: { word: 'Look at it', tone: 'wait' },
  broken: { word: 'Broken', tone: 'bad' },
  unknown: { word: 'Could not be checked', tone: 'quiet' },
};
const CHECKS: Record<Finding['check'], string> = {
  credentials: 'Credentials',
  scopes: 'Scopes',
  webhook: 'Webhook',
  signatures: 'Signatures',
  clock: 'Clock',
  public_url: 'Public address',
  inbound: 'Last inbound',
  provider: 'Reachable',
};

const findingItem = ({ check, state, says, fix }: Finding): Html =>
  html`<li class="finding"><div><p><strong>${CHECKS[check]}</strong></p><p>${badge(STATES[state])}</p></div><div><p>${says}</p>${fix ? html`<p class="fix">${fix}</p>` : NOTHING}</div></li>`;
