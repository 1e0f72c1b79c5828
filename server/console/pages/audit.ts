/** Who did what, when: the account's trail, and its proof. */
import type { AuditEntry, TeamMember } from '../../accounts/contracts.ts';
import type { ApiToken } from '../../store/people/accounts.ts';
import type { ConsoleDeps } from '../deps.ts';
import { buttonLink, card, empty, head, notice, table, time } from '../elements.ts';
import { actionButton } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { count } from '../words.ts';
import { type Places, placesOf } from './activity.ts';
import { workspaceTitle } from './workspaces.ts';

const PAGE_SIZE = 50;

export const auditPages = (deps: ConsoleDeps): PageRoute[] => [
  managed('get', '/audit', (visit) => page(deps, visit)),
  managed('post', '/audit/verify', async (visit) => {
    const verdict = await deps.audit.verify(visit.member.account_id);
    return page(
      deps,
      visit,
      verdict.ok
        ? notice(
            'good',
            'The trail is whole',
            `${count(verdict.entries, 'entry', 'entries')}: none was changed, added or taken away.`,
          )
        : notice(
            'bad',
            'The trail was tampered with',
            verdict.broken.map(({ seq, why }) => `Entry ${seq}: ${why}`).join('. '),
          ),
    );
  }),
  managed('get', '/audit/export', async (visit) => ({
    download: 'octopods-audit.jsonl',
    type: 'application/x-ndjson',
    lines: deps.audit.export(visit.member.account_id),
  })),
];

async function page(deps: ConsoleDeps, visit: MemberVisit, verdict: Html = NOTHING): Promise<Page> {
  const before = Number(visit.query.get('before'));
  const [{ entries, next }, team, tokens, places] = await Promise.all([
    deps.audit.list(visit.member.account_id, { limit: PAGE_SIZE, ...(before > 0 ? { before } : {}) }),
    deps.people.team(visit.member.account_id),
    deps.accounts.tokensOf(visit.member.account_id),
    placesOf(deps, visit),
  ]);
  const body = html`${verdict}${head('Audit trail', {
    lead: 'Every change, chained by hashes: an entry that is edited or removed is found. It holds no personal data.',
    actions: [
      actionButton('/audit/verify', 'Verify'),
      buttonLink('/audit/export', 'Export'),
      buttonLink('/erase', 'Erase a customer'),
    ],
  })}${card('Entries', entries.length > 0 ? trail(entries, { team, tokens, ...places }, visit.now) : empty('Nothing yet', 'The first change will be here.'))}${
    next || before > 0
      ? html`<nav class="pager" aria-label="Pages">${before > 0 ? buttonLink('/audit', 'Newest') : html`<span></span>`}${next ? buttonLink(`/audit?before=${next}`, 'Older') : NOTHING}</nav>`
      : NOTHING
  }`;
  return { title: 'Audit trail', section: 'audit', body };
}

type Known = Places & { team: TeamMember[]; tokens: ApiToken[] };

const trail = (entries: AuditEntry[], { team, tokens, workspaces, channels }: Known, now: number): Html => {
  const named = (id: string): string =>
    person(id) ??
    [...channels, ...tokens].find((one) => one.id === id)?.name ??
    (id.length > 16 ? `${id.slice(0, 12)}…` : id);
  const person = (id: string): string | undefined => {
    const one = team.find((some) => some.personId === id);
    return one && (one.name ?? one.email ?? undefined);
  };
  return table({
    caption: 'What was done',
    columns: ['When', 'Who', 'What', 'To', 'Details'],
    rows: entries.map((entry) => {
      const workspace = workspaces.find((one) => one.id === entry.workspaceId);
      const to = [
        workspace && workspaceTitle(workspace),
        entry.subject && html`<span title="${entry.subject}">${named(entry.subject)}</span>`,
      ];
      return {
        cells: [
          time(entry.at, now),
          html`${whoWords(entry, person)}${entry.tokenId ? html` <span class="soft small-text">by the token ${named(entry.tokenId)}</span>` : NOTHING}`,
          actionWords(entry.action),
          html`<span class="free small-text">${to[0]}${to[0] && to[1] ? ' · ' : NOTHING}${to[1]}</span>`,
          html`<span class="small-text">${Object.entries(entry.facts).map(([name, value]) => html`${name.replaceAll('_', ' ')}: ${String(value)} `)}</span>`,
        ],
      };
    }),
  });
};

const whoWords = ({ actor }: AuditEntry, person: (id: string) => string | undefined): string =>
  actor === 'system' ? 'Octopods itself' : (person(actor) ?? 'Somebody who has left');

/** `member.role_changed` → "Member: role changed". */
const actionWords = (action: string): string => {
  const [subject = '', ...rest] = action.split('.');
  const words = [subject, ...rest]
    .map((one) => one.replaceAll('_', ' '))
    .filter((one) => one !== '')
    .join(': ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
};
