/** A webhook as a platform sends it: what is posted, by which rules it is tried again, and what came back. */

export interface WebhookPost {
  url: string;
  method?: string;
  headers: Record<string, string>;
  body: string;
}
export interface WebhookRules {
  /** Waits between tries, ms: [] = never again. The platform's own, shortened where a test says so. */
  retryAfterMs: number[];
  /** No answer within this = failed. */
  timeoutMs: number;
  /** Whether this failure is tried again (Twilio: connection failures only). `status` 0 = no answer at all. */
  retries(status: number, failure?: WebhookFailure): boolean;
  /** Which answers count as taken; without it every 2xx does (Meta: only 200). */
  accepts?(status: number): boolean;
  /** Told of every try (what the platform's own error log would show, replies in the answer's body). */
  tried?(sent: SentWebhook): void;
}
/** Why there was no answer: nobody listened; nobody answered in time; the connection broke after it stood. */
type WebhookFailure = 'connect' | 'timeout' | 'broken';
/** One try of one webhook and what came back. `status` 0 = no answer: `failure` says why, once it is known. */
export interface SentWebhook extends WebhookPost {
  at: number;
  status: number;
  failure?: WebhookFailure;
  answer: { contentType: string; body: string; retryAfter?: string };
}

/** One try. `stopping` cuts it off. */
export async function tryWebhook(
  webhook: WebhookPost,
  timeoutMs: number,
  stopping: AbortSignal,
): Promise<Partial<SentWebhook>> {
  try {
    const response = await fetch(webhook.url, {
      method: webhook.method ?? 'POST',
      headers: webhook.headers,
      ...(webhook.method === 'GET' || webhook.method === 'HEAD' ? {} : { body: webhook.body }),
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), stopping]),
    });
    const contentType = response.headers.get('content-type') ?? '';
    const retryAfter = response.headers.get('retry-after');
    const answer = { contentType, body: await response.text(), ...(retryAfter ? { retryAfter } : {}) };
    return { status: response.status, answer };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

function failureOf(error: unknown): WebhookFailure {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return NEVER_CONNECTED.has(cause?.code ?? '') ? 'connect' : 'broken';
}
