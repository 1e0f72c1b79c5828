/** Adding a channel: which kind, then a form made from its adapter's schema. */
import { type ChannelRefusal, isRefusal } from '../../accounts/channel-form.ts';
import { choicesForChannels } from '../../accounts/platform-side.ts';
import type { AnyAdapter } from '../../core/adapter.ts';
import type { ChannelChoice } from '../../core/channel-facts.ts';
import { notFound } from '../../http/problem.ts';
import type { Workspace } from '../../store/connections/connections.ts';
import type { ConsoleDeps } from '../deps.ts';
import { buttonLink, head, notice } from '../elements.ts';
import { field, form, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { mark } from '../icons.ts';
import { type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { fieldsOf, sentUnder } from '../schema-fields.ts';
import { ownWorkspace } from '../scope.ts';
import { NEEDS, platformTitle, steps, workspaceTitle } from './workspaces.ts';

export const addChannelPages = (deps: ConsoleDeps): PageRoute[] => [
  managed('get', '/workspaces/:id/channels/new', async (visit) =>
    choose(deps, await ownWorkspace(deps, visit.member, visit.params.id)),
  ),
  managed('get', '/workspaces/:id/channels/new/:type', async (visit) =>
    formPage(deps, visit, await subject(deps, visit)),
  ),
  managed('post', '/workspaces/:id/channels/new/:type', async (visit) => {
    const { workspace, adapter } = await subject(deps, visit);
    const name = visit.form.get('name')?.trim().slice(0, 100);
    const wish = {
      type: adapter.id,
      ...(name ? { name } : {}),
      credentials: sentUnder(visit.form, 'credentials.'),
      settings: sentUnder(visit.form, 'settings.'),
    };
    const answer = await deps.channels.create(workspace, wish, visit.member);
    if (isRefusal(answer)) return formPage(deps, visit, { workspace, adapter }, answer);
    return { goTo: `/channels/${answer.id}?done=channel-added` };
  }),
];

type Subject = { workspace: Workspace; adapter: AnyAdapter };

async function subject(deps: ConsoleDeps, { member, params }: MemberVisit): Promise<Subject> {
  const workspace = await ownWorkspace(deps, member, params.id);
  const adapter = deps.channelAdapters.get(params.type ?? '');
  if (!adapter?.connect) throw notFound('channel type');
  return { workspace, adapter };
}

const crumbs = (workspace: Workspace): [string, string][] => [
  ['/', 'Workspaces'],
  [`/workspaces/${workspace.id}`, workspaceTitle(workspace)],
];

async function choose(deps: ConsoleDeps, workspace: Workspace): Promise<Page> {
  const existing = await deps.connections.channelsOf(workspace.id);
  const tiles = [...deps.channelAdapters.values()]
    .filter((adapter) => adapter.connect)
    .map(
      (adapter) =>
        html`<section class="tile"><div class="named">${mark(adapter.id, adapter.title)}<div><h2><a href="/workspaces/${workspace.id}/channels/new/${adapter.id}">${adapter.title}</a></h2><p>${NEEDS[adapter.id] ?? ''}</p></div></div></section>`,
    );
  const body = html`${head('Add a channel', {
    crumbs: crumbs(workspace),
    lead: 'Which app do your customers write in?',
  })}${existing.length === 0 ? steps(2) : NOTHING}<div class="tiles">${tiles}</div>`;
  return { title: 'Add a channel', section: 'workspaces', body };
}

async function formPage(
  deps: ConsoleDeps,
  visit: MemberVisit,
  { workspace, adapter }: Subject,
  refusal?: ChannelRefusal,
): Promise<Page> {
  const choices = await choicesForChannels(deps, workspace);
  const title = `Add ${adapter.title}`;
  const shown = refusal && said(refusal);
  const body = html`${head(title, { crumbs: crumbs(workspace), lead: 'We try what you enter before anything is saved. Secrets are kept encrypted and never shown again.' })}${
    'refused' in choices
      ? notice(
          'bad',
          `${platformTitle(deps, workspace.platform)} does not answer as it should`,
          choices.refused,
        )
      : NOTHING
  }${shown?.general ? notice('bad', 'The channel was not added', shown.general) : NOTHING}<section class="card narrow">${form(
    `/workspaces/${workspace.id}/channels/new/${adapter.id}`,
    html`${fields(visit, adapter, 'refused' in choices ? [] : choices, shown?.at)}<div class="form-foot">${submit('Add the channel')}${buttonLink(`/workspaces/${workspace.id}`, 'Cancel')}</div>`,
  )}</section>`;
  return { title, section: 'workspaces', status: refusal ? statusOf(refusal) : 200, body };
}

function fields(
  visit: MemberVisit,
  adapter: AnyAdapter,
  choices: ChannelChoice[],
  wrong: { field: string; why: string } | undefined,
): Html {
  const { form: sent } = visit;
  const own = fieldsOf(adapter.credentials, 'credentials.', sent, wrong);
  const chosen = choices.map((choice) => choiceField(choice, sent, wrong));
  const known = [...own, ...chosen].some((one) => one.error);
  return html`${wrong && !known ? notice('bad', 'The channel was not added', wrong.why) : NOTHING}${[...own, ...chosen].map(field)}${field(
    {
      name: 'name',
      label: 'Name',
      hint: 'How your team knows it. Without one: the name that the provider gives.',
      value: sent.get('name') ?? undefined,
      maxlength: 100,
    },
  )}`;
}

function choiceField(
  choice: ChannelChoice,
  sent: URLSearchParams,
  wrong: { field: string; why: string } | undefined,
) {
  const name = `settings.${choice.name}`;
  return {
    name,
    label: choice.title,
    hint: choice.description,
    required: true,
    options: [{ value: '', label: 'Choose…' }, ...choice.options],
    value: sent.get(name) ?? '',
    ...(wrong?.field === name ? { error: wrong.why } : {}),
  };
}

/** Where a refusal is said: at its field, or above the form. */
export function said(refusal: ChannelRefusal): { at?: { field: string; why: string }; general?: string } {
  switch (refusal.refused) {
    case 'invalid':
      return { at: { field: refusal.field, why: refusal.why } };
    case 'taken':
      return {
        general:
          'This bot or number is connected already, in this or in another workspace. Archive the channel that has it first.',
      };
    case 'archived':
      return { general: 'The workspace is archived.' };
    case 'unreachable':
      return { general: `${refusal.why}. Nothing was saved: try again in a minute.` };
  }
}

export const statusOf = (refusal: ChannelRefusal): number =>
  ({ invalid: 422, taken: 409, archived: 409, unreachable: 502 })[refusal.refused];
