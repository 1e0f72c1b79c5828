/** Installing and uninstalling: the consent page, the one-time code, `/me`, the health report. */
import { randomBytes } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import type { Fault } from '../../kit.ts';
import { formBody, jsonBody } from '../../kit.ts';
import { actOut, escapeHtml, platformPage } from '../faults.ts';
import { ApiError, type Door, invalid, requiredText, sendError, text } from './api.ts';
import { adminJson, meJson } from './wire.ts';
import type { HealthReport, Teammate, Workspace, World } from './world.ts';

/** Who the browser is signed in as at Intercom; undefined: the page asks. */
export interface Consent {
  workspaceId?: string;
  teammateId?: string;
  /** Approves (or cancels) without showing the page. */
  decision?: 'approve' | 'cancel';
}

export function oauthRoutes(
  world: World,
  app: Express,
  consent: () => Consent,
  takeFault: (request: Request) => Fault | undefined,
): void {
  app.get('/oauth', (request, response) => {
    response.locals.ownPage = true;
    const query = new URL(request.originalUrl, 'http://intercom').searchParams;
    const refused = refusal(world, query);
    if (refused)
      return page(response, 400, 'Something went wrong', `<h1>Something went wrong</h1><p>${refused}</p>`);
    const decision = decided(request, query) ?? consent().decision;
    if (decision) return decide(world, response, query, decision, consent());
    page(response, 200, 'Authorise', consentForm(world, query, consent()));
  });
  app.post('/oauth', (request, response) => {
    response.locals.ownPage = true;
    const form = formBody(request);
    const refused = refusal(world, form);
    if (refused)
      return page(response, 400, 'Something went wrong', `<h1>Something went wrong</h1><p>${refused}</p>`);
    decide(world, response, form, form.get('decision') === 'approve' ? 'approve' : 'cancel', consent());
  });
  app.get('/appstore/redirect', (request, response) => {
    response.locals.ownPage = true;
    const query = new URL(request.originalUrl, 'http://intercom').searchParams;
    const worked = query.get('install_success') === 'true';
    const why = escapeHtml(query.get('error_message') ?? 'The app gave no reason.');
    const body = worked
      ? `<h1>${escapeHtml(world.app.name)} is installed</h1><p>You can close this page.</p>`
      : `<h1>${escapeHtml(world.app.name)} could not be installed</h1><p>${why}</p>`;
    page(response, 200, 'App store', body);
  });
  app.post('/auth/eagle/token', (request, response) => {
    if (actOut(takeFault(request), request, response, (status) => sendError(response, planned(status))))
      return;
    redeem(world, request, response);
  });
}

const planned = (status: number) => new ApiError(status, 'server_error', 'Planned fault');
const page = (response: Response, status: number, title: string, body: string): void => {
  response.status(status).type('html').send(platformPage(title, body));
};
/** A client without a person in front of it decides by query or by header. */
function decided(request: Request, query: URLSearchParams): 'approve' | 'cancel' | undefined {
  const word = query.get('consent') ?? request.headers['x-emulator-consent'];
  return word === 'approve' || word === 'cancel' ? word : undefined;
}

function refusal(world: World, query: URLSearchParams): string | undefined {
  if (query.get('client_id') !== world.app.clientId) return 'There is no app with this client_id.';
  const redirect = query.get('redirect_uri');
  if (redirect && !world.app.redirectUrls.includes(redirect))
    return 'This redirect_uri is not registered for the app.';
  if (world.app.redirectUrls.length === 0) return 'The app has no redirect URL.';
  return undefined;
}

function consentForm(world: World, query: URLSearchParams, signedIn: Consent): string {
  const hidden = ['client_id', 'state', 'redirect_uri']
    .filter((name) => query.has(name))
    .map((name) => `<input type="hidden" name="${name}" value="${escapeHtml(query.get(name) ?? '')}">`);
  const options = [...world.workspaces.values()].flatMap((workspace) =>
    workspace.teammates.map((teammate) => {
      const chosen = signedIn.workspaceId === workspace.idCode && signedIn.teammateId === teammate.id;
      const label = `${teammate.name} — ${workspace.name}`;
      return `<option value="${workspace.idCode}/${teammate.id}"${chosen ? ' selected' : ''}>${escapeHtml(label)}</option>`;
    }),
  );
  return `<h1>Connect ${escapeHtml(world.app.name)} to Intercom</h1>
<p>${escapeHtml(world.app.name)} will be able to read and write people and conversations of the workspace.</p>
<form method="post" action="/oauth">${hidden.join('')}
<label>Signed in as <select name="as">${options.join('')}</select></label>
<footer><button name="decision" value="approve">Authorise access</button><button name="decision" value="cancel">Cancel</button></footer></form>`;
}

function decide(
  world: World,
  response: Response,
  query: URLSearchParams,
  decision: 'approve' | 'cancel',
  signedIn: Consent,
): void {
  const target = new URL(query.get('redirect_uri') ?? world.app.redirectUrls[0] ?? '');
  const state = query.get('state');
  if (decision === 'cancel') target.searchParams.set('error', 'access_denied');
  else {
    const who = choose(world, query, signedIn);
    if (!who) {
      page(response, 404, 'Not found', '<h1>There is no such workspace or teammate</h1>');
      return;
    }
    target.searchParams.set('code', issueCode(world, who.workspace, who.teammate));
  }
  if (state !== null) target.searchParams.set('state', state);
  response.redirect(302, target.toString());
}

function choose(
  world: World,
  query: URLSearchParams,
  signedIn: Consent,
): { workspace: Workspace; teammate: Teammate } | undefined {
  const [as = '', teammateOfAs] = (query.get('as') ?? '').split('/');
  const workspaceId = query.get('workspace') ?? (as || signedIn.workspaceId);
  const workspace = workspaceId ? world.workspaces.get(workspaceId) : [...world.workspaces.values()][0];
  const teammateId = query.get('teammate') ?? teammateOfAs ?? signedIn.teammateId;
  const teammate = teammateId
    ? workspace?.teammates.find((one) => one.id === teammateId)
    : workspace?.teammates[0];
  return workspace && teammate ? { workspace, teammate } : undefined;
}

/** Codes end in `=`, as Intercom's may: a client that decodes the callback carelessly loses it. */
export function issueCode(world: World, workspace: Workspace, teammate: Teammate): string {
  const code = `${randomBytes(24).toString('hex')}=`;
  world.codes.set(code, { workspace, teammate, expires: world.now() + world.timings.codeTtlMs, used: false });
  return code;
}

function redeem(world: World, request: Request, response: Response): void {
  const json = String(request.headers['content-type'] ?? '').includes('json') ? jsonBody(request) : undefined;
  const form = formBody(request);
  const read = (name: string): string => String((json ? json[name] : form.get(name)) ?? '');
  const refuse = (why: string) => sendError(response, new ApiError(401, 'unauthorized', why));
  const code = world.codes.get(read('code'));
  if (read('client_id') !== world.app.clientId || read('client_secret') !== world.app.clientSecret)
    refuse('Unauthorized Client');
  else if (!code || code.used || code.expires < world.now()) refuse('Unauthorized Code');
  else {
    code.used = true;
    const token = grant(world, code.workspace, code.teammate);
    response.json({ token_type: 'Bearer', token, access_token: token });
  }
}

export function grant(world: World, workspace: Workspace, teammate: Teammate): string {
  const token = Buffer.from(`tok:${randomBytes(20).toString('hex')}`).toString('base64');
  world.grants.set(token, { workspace, teammate, revoked: false });
  workspace.installed = true;
  world.changed();
  return token;
}

/** Every token of the workspace dies, and the app is told at its uninstall URL, whoever pulled the plug. */
export function uninstall(world: World, workspace: Workspace): void {
  for (const one of world.grants.values()) if (one.workspace === workspace) one.revoked = true;
  workspace.installed = false;
  delete workspace.health;
  world.notifyUninstall(workspace);
  world.changed();
}

export function accountRoutes(world: World, door: Door): void {
  door('get', '/me', ({ workspace, installer }) => meJson(workspace, installer));
  door('get', '/admins', ({ workspace }) => ({
    type: 'admin.list',
    admins: workspace.teammates.map(adminJson),
  }));
  door('get', '/admins/:id', ({ workspace, params }) => {
    const teammate = workspace.teammates.find((one) => one.id === params.id);
    if (!teammate) throw new ApiError(404, 'admin_not_found', 'Admin not found');
    return adminJson(teammate);
  });
  door('post', '/auth/uninstall', ({ workspace }) => {
    uninstall(world, workspace);
    return {};
  });
  door('post', '/app_install/status', ({ workspace, body }) => {
    workspace.health = healthReport(body);
    world.changed();
    return {};
  });
}

/** The same shape is answered to Intercom's own daily question and pushed by the app. */
export function healthReport(body: Record<string, unknown>): HealthReport {
  const state = requiredText(body, 'state');
  if (!['OK', 'UNHEALTHY', 'UNKNOWN'].includes(state))
    throw invalid('state must be OK, UNHEALTHY or UNKNOWN', 'state');
  const report: HealthReport = { state };
  for (const field of ['message', 'cta_type', 'cta_label', 'cta_url'] as const) {
    const value = text(body, field);
    if (value !== undefined && value.length > 2084) throw invalid(`${field} is too long (2084)`, field);
    if (value !== undefined) report[field] = value;
  }
  if (state === 'UNHEALTHY' && !report.message)
    throw invalid('message is required when UNHEALTHY', 'message');
  if (report.cta_type !== undefined && !['URL_CTA', 'REINSTALL_CTA'].includes(report.cta_type))
    throw invalid('cta_type must be URL_CTA or REINSTALL_CTA', 'cta_type');
  if (report.cta_type === 'URL_CTA' && !(report.cta_label && report.cta_url))
    throw invalid('URL_CTA needs cta_label and cta_url', 'cta_url');
  return report;
}
