/**
 * The two calls to the Octopods backend. `hubspot.fetch` signs them and adds who asks (portal, user), so that nothing
 * here has to prove anything: https://developers.hubspot.com/docs/apps/developer-platform/add-features/ui-extensibility/fetching-data
 */
import { hubspot } from '@hubspot/ui-extensions';
import type { CardView } from '@octopods/card-view';

/** What went wrong, for people: the backend's own RFC 9457 problem where it sent one. */
export interface Problem {
  title: string;
  detail: string;
}
export type Answer<Value> = { ok: true; value: Value } | { ok: false; problem: Problem };
export interface CrmRecord {
  objectId: number;
  objectTypeId: string;
}

/** hubspot.fetch allows 15 s at most; an agent will not wait that long. */
const TIMEOUT_MS = 10_000;

/** The profile variable of this build (hsprofile.*.json), without a trailing slash; undefined where none is set. */
export function backendUrl(variables: Record<string, unknown> | undefined): string | undefined {
  const value = variables?.BACKEND_URL;
  return typeof value === 'string' && value !== '' ? value.replace(/\/+$/, '') : undefined;
}

export function readCards(backend: string, record: CrmRecord): Promise<Answer<CardView[]>> {
  const query = new URLSearchParams({
    objectId: String(record.objectId),
    objectTypeId: record.objectTypeId,
  });
  return ask(`${backend}/hubspot/extension/card?${query}`, { method: 'GET' }, cardsOf);
}

/** Queues the message once more. HubSpot may repeat the call by itself; the backend counts it once. */
export function resendMessage(backend: string, messageId: string): Promise<Answer<true>> {
  const request = { method: 'POST', body: { messageId } } as const;
  return ask(`${backend}/hubspot/extension/resend`, request, (json) => (json.ok === true ? true : undefined));
}

type Request = { method: 'GET' } | { method: 'POST'; body: Record<string, unknown> };

async function ask<Value>(
  url: string,
  request: Request,
  read: (json: Record<string, unknown>) => Value | undefined,
): Promise<Answer<Value>> {
  try {
    const response = await hubspot.fetch(url, { ...request, timeout: TIMEOUT_MS });
    const json = await jsonOf(response);
    if (!response.ok) return { ok: false, problem: problemOf(response.status, json) };
    const value = read(json);
    return value === undefined ? { ok: false, problem: GARBLED } : { ok: true, value };
  } catch {
    return { ok: false, problem: UNREACHABLE };
  }
}

const GARBLED: Problem = {
  title: 'The answer could not be read',
  detail: 'Octopods answered something unexpected. Try again in a minute.',
};
const UNREACHABLE: Problem = {
  title: 'Octopods cannot be reached',
  detail: 'No answer came in time. Check your connection and try again.',
};
const BUSY: Problem = {
  title: 'Too many requests',
  detail: 'Many cards are being opened in this account. Try again in a few seconds.',
};

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function problemOf(status: number, json: Record<string, unknown>): Problem {
  if (typeof json.title === 'string')
    return { title: json.title, detail: typeof json.detail === 'string' ? json.detail : '' };
  if (status === 429) return BUSY;
  return {
    title: 'That did not work',
    detail: `Octopods answered with status ${status}. Try again in a minute.`,
  };
}

const KINDS = ['conversation', 'not_bridged', 'disconnected', 'error'];

/** Cards of a kind that this build does not know (a newer backend) are left out rather than drawn wrongly. */
function cardsOf(json: Record<string, unknown>): CardView[] | undefined {
  if (!Array.isArray(json.cards)) return undefined;
  return json.cards.filter(
    (card: unknown): card is CardView =>
      typeof card === 'object' && card !== null && KINDS.includes((card as { kind?: string }).kind ?? ''),
  );
}
