/**
 * HubSpot's refusals as outcomes. https://developers.hubspot.com/docs/api-reference/error-handling
 * Waits: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
 */
import { z } from 'zod';
import type { HttpResponse } from '../../core/adapter.ts';
import { fromHttpStatus, type NotSent, refused, retry, unauthorized } from '../../core/outcome.ts';

/** The rolling window of the general limit; HubSpot does not promise a Retry-After. */
const ROLLING_WINDOW_MS = 10_000;
/** The per-second limit, which contact searches meet first. */
const SECOND_MS = 1_000;
const LOCKED_MS = 2_000;
/** An account on its way to another data centre: hours, by HubSpot's own word. */
const MIGRATING_MS = 60 * 60_000;

const errorShape = z.object({
  message: z.string().nullish(),
  category: z.string().nullish(),
  subCategory: z.string().nullish(),
  correlationId: z.string().nullish(),
  policyName: z.string().nullish(),
  errors: z
    .array(
      z.object({
        message: z.string().nullish(),
        context: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .nullish(),
});
type ErrorBody = z.infer<typeof errorShape>;

export const succeeded = (response: HttpResponse): boolean => response.status >= 200 && response.status < 300;

/** What a refusal means. `doing` completes "HubSpot … while" in plain words: "adding the message". */
export function outcomeOf(response: HttpResponse, doing: string): NotSent {
  const body = errorShape.safeParse(response.json).data ?? {};
  const why = `HubSpot answered ${response.status} while ${doing}${said(body)}`;
  const wait = retryAfterMs(response);
  switch (response.status) {
    case 401:
      return unauthorized(`${why}. Connect the HubSpot account again.`);
    case 403:
      return forbidden(body, why);
    case 423:
      return retry(why, { afterMs: Math.max(wait ?? 0, LOCKED_MS) });
    case 429:
      return tooMany(body, why, wait);
    case 477:
      return retry(why, { afterMs: wait ?? MIGRATING_MS, slowDown: 'account' });
    default:
      return fromHttpStatus(response.status, why, wait);
  }
}

/** As `outcomeOf`, for reads and repeatable writes: whatever may have happened, doing it again does no harm. */
export function repeatableOutcomeOf(response: HttpResponse, doing: string): NotSent {
  const outcome = outcomeOf(response, doing);
  return outcome.outcome === 'unknown' ? retry(outcome.why, { slowDown: 'unclear' }) : outcome;
}

function forbidden(body: ErrorBody, why: string): NotSent {
  const scopes = missingScopes(body);
  if (body.category === 'MISSING_SCOPES' || scopes.length > 0)
    return refused(
      'MISSING_SCOPES',
      `${why}. The app lacks a permission in this HubSpot account${scopes.length > 0 ? ` (${scopes.join(', ')})` : ''}: an admin has to connect HubSpot again and accept it.`,
    );
  return refused(403, `${why}. ${PLAN_TOO_LOW}`);
}

/** Custom channels come with these plans: https://developers.hubspot.com/changelog/custom-channels-api-is-now-live */
const PLAN_TOO_LOW =
  'Custom channels need Sales Hub or Service Hub Professional or higher in this HubSpot account: check the plan, then try again.';

function missingScopes(body: ErrorBody): string[] {
  const named = (body.errors ?? []).flatMap((error) => {
    const scopes = error.context?.requiredGranularScopes ?? error.context?.requiredScopes;
    return Array.isArray(scopes) ? scopes.map(String) : [];
  });
  return [...new Set(named)];
}

/** The limit by the second is that of searches: it holds up nobody who needs none. */
const tooMany = (body: ErrorBody, why: string, wait: number | undefined): NotSent =>
  body.policyName === 'SECONDLY' || /secondly limit/i.test(body.message ?? '')
    ? retry(why, { afterMs: wait ?? SECOND_MS })
    : retry(why, { afterMs: wait ?? ROLLING_WINDOW_MS, slowDown: 'account' });

/** Seconds, as HubSpot sends them; a date is not. */
function retryAfterMs(response: HttpResponse): number | undefined {
  const value = response.headers['retry-after'];
  return value !== undefined && /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : undefined;
}

function said(body: ErrorBody): string {
  const message = body.message ? `: ${body.message.slice(0, 300).replace(/\.$/, '')}` : '';
  return body.correlationId ? `${message} (HubSpot’s reference ${body.correlationId})` : message;
}
