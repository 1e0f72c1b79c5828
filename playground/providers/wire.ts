/** JSON in which everything outside ASCII is escaped, lower case, as Meta and Telegram write it. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** True for http to this very machine: the one exception to "https only", because the product under test lives there. */
export function isLoopback(url: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
}

export function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Fetches what a sender's URL names, as a provider would: status, type and bytes, or undefined when nothing came. */
export async function fetchFile(
  url: string,
  timeoutMs = 10_000,
): Promise<{ status: number; contentType: string; bytes: Uint8Array } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const contentType = (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
    return { status: response.status, contentType, bytes: new Uint8Array(await response.arrayBuffer()) };
  } catch {
    return undefined;
  }
}
