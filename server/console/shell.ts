/** What stands around every page: the document, the navigation, who is signed in. */
import { mayManage } from '../accounts/roles.ts';
import { SCRIPT, STYLESHEET } from './assets.ts';
import type { ConsoleDeps } from './deps.ts';
import { actionButton } from './forms.ts';
import { attributes, type Content, type Html, html, NOTHING } from './html.ts';
import { icons, logo } from './icons.ts';
import { failuresOfWeek } from './pages/workspaces.ts';
import type { MemberVisit, Page, Section } from './routes.ts';
import { workspacesOf } from './scope.ts';
import { ROLES } from './words.ts';

const document = (title: string, body: Html, status: number): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${status >= 400 ? 'Error: ' : ''}${title} – Octopods</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="${STYLESHEET.url}"><script src="${SCRIPT.url}" defer></script></head>
${body}</html>
`;

/** For pages that need nobody signed in. */
export const barePage = ({ title, body, status = 200 }: Page): Html =>
  document(
    title,
    html`<body class="bare"><header class="bare-brand"><a class="brand" href="/">${logo}<span>Octopods</span></a></header><main id="content">${body}</main></body>`,
    status,
  );

export async function framedPage(deps: ConsoleDeps, visit: MemberVisit, page: Page): Promise<Html> {
  const { member } = visit;
  const [account, person, accounts, workspaces] = await Promise.all([
    deps.accounts.account(member.account_id),
    deps.accounts.person(member.person_id),
    deps.people.accountsOf(member.person_id),
    workspacesOf(deps, member),
  ]);
  const failures = await failuresOfWeek(
    deps,
    visit,
    workspaces.map((one) => one.id),
  );
  const items = navigation(mayManage(member.role), failures);
  const nav = (label: string): Html =>
    html`<nav aria-label="${label}"><ul class="nav">${items.map((item) => navItem(item, page.section))}</ul></nav>`;
  const who = html`<div class="who"><a class="who-link" href="/account"${attributes({ 'aria-current': page.section === 'account' ? 'page' : undefined })}><span class="who-name">${person?.name ?? person?.email ?? 'You'}</span><span class="who-role">${ROLES[member.role]}</span></a>${accounts.length > 1 ? switcher(member.account_id, accounts) : NOTHING}${actionButton('/sign-out', 'Sign out')}</div>`;
  const name = account?.name ?? 'Your account';
  return document(
    page.title,
    html`<body class="framed"><a class="skip" href="#content">Skip to the content</a>
<header class="side"><div class="side-body"><a class="brand" href="/">${logo}<span>Octopods</span></a><p class="account-name" title="${name}">${name}</p>${nav('Main')}${who}</div></header>
<header class="top"><a class="brand" href="/">${logo}<span>Octopods</span></a><details class="menu"><summary>${icons.menu}<span>Menu</span>${failures > 0 ? html`<span class="count">${failures}<span class="unseen"> failed messages</span></span>` : NOTHING}</summary><div class="menu-body"><p class="account-name">${name}</p>${nav('Menu')}${who}</div></details></header>
<main id="content" tabindex="-1">${page.body}</main></body>`,
    page.status ?? 200,
  );
}

interface NavItem {
  section: Section;
  href: string;
  text: string;
  icon: Html;
  count?: number;
}

const navigation = (manages: boolean, failures: number): NavItem[] => [
  { section: 'workspaces', href: '/', text: 'Workspaces', icon: icons.workspaces },
  { section: 'activity', href: '/activity', text: 'Activity', icon: icons.activity },
  { section: 'failures', href: '/failures', text: 'Failures', icon: icons.failures, count: failures },
  { section: 'traffic', href: '/traffic', text: 'Traffic', icon: icons.traffic },
  { section: 'doctor', href: '/doctor', text: 'Doctor', icon: icons.doctor },
  { section: 'tokens', href: '/tokens', text: 'API tokens', icon: icons.tokens },
  ...(manages
    ? ([
        { section: 'team', href: '/team', text: 'Team', icon: icons.team },
        { section: 'audit', href: '/audit', text: 'Audit trail', icon: icons.audit },
      ] satisfies NavItem[])
    : []),
];

const navItem = ({ section, href, text, icon, count = 0 }: NavItem, current: Section | undefined): Html =>
  html`<li><a href="${href}"${attributes({ 'aria-current': section === current ? 'page' : undefined })}>${icon}<span>${text}</span>${count > 0 ? html`<span class="count">${count}<span class="unseen"> in the last week</span></span>` : NOTHING}</a></li>`;

const switcher = (current: string, accounts: { id: string; name: string }[]): Content =>
  html`<details class="switcher"><summary>Switch account</summary>${accounts
    .filter((one) => one.id !== current)
    .map((one) => actionButton('/account/switch', one.name, 'plain', { account: one.id }))}</details>`;
