/** A problem as a page: what is wrong and what to do, never what went on inside. */
import { NotConnected } from '../../http/landing.ts';
import type { Problem } from '../../http/problem.ts';
import { buttonLink, head } from '../elements.ts';
import { html, NOTHING } from '../html.ts';
import type { Page } from '../routes.ts';

const TITLES: Record<number, string> = {
  403: 'This is not for you',
  404: 'There is nothing here',
  409: 'That is not possible now',
  413: 'That is too much',
  503: 'One moment',
};

/** Undefined: something of ours is broken. */
export function problemPage(problem: Problem | undefined): Page {
  const status = problem?.status ?? 500;
  const again = problem instanceof NotConnected ? problem : undefined;
  const title = again?.title ?? TITLES[status] ?? 'Something went wrong';
  const members = problem?.members ?? {
    detail: 'Something went wrong on our side. Nothing was changed.',
    remedy: 'Try again; if it stays, tell whoever runs Octopods.',
  };
  const body = html`<div class="panel">${head(title, { lead: `${members.detail} ${members.remedy}` })}<p class="form-foot">${again ? buttonLink(again.again, 'Try again', 'primary') : NOTHING}${buttonLink('/', 'To your workspaces', again ? 'plain' : 'primary')}</p></div>`;
  return { title, status, body };
}
