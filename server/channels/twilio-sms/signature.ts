import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parse, stringify } from 'node:querystring';

/**
 * Whether Twilio sent this: base64(HMAC-SHA1(auth token, URL + every form field, sorted, as key and value)).
 * https://www.twilio.com/docs/usage/security#validating-requests
 * A field that comes several times counts each different value once, sorted. A body that is no form is covered by its
 * SHA-256 in the URL (`bodySHA256`), and the URL alone is signed.
 * @param url the public URL with its query, exactly as Twilio was told it.
 */
export function verify(authToken: string, signature: string | undefined, url: string, body: string): boolean {
  if (!signature) return false;
  const bodyHash = /[?&]bodySHA256=([^&#]*)/.exec(url)?.[1];
  if (bodyHash !== undefined && !same(bodyHash, createHash('sha256').update(body).digest('hex')))
    return false;
  const fields = bodyHash === undefined ? signedFields(body) : '';
  // No early end: which spelling of the URL was signed is nobody's business.
  return spellings(url)
    .map((spelling) =>
      same(
        signature,
        createHmac('sha1', authToken)
          .update(spelling + fields)
          .digest('base64'),
      ),
    )
    .includes(true);
}

/** Also the fields that we do not know and the empty ones: all are signed. */
function signedFields(body: string): string {
  const form = new URLSearchParams(body);
  const keys = [...new Set(form.keys())].sort();
  return keys.flatMap((key) => [...new Set(form.getAll(key))].sort().map((value) => key + value)).join('');
}

/**
 * Twilio's back ends differ in whether they sign the standard port and how they escape: as given first, then the forms
 * that its own SDK accepts (twilio-node, `validateRequest`).
 */
function spellings(url: string): string[] {
  const ports = (text: string) => [text, withoutPort(text), withStandardPort(text)];
  const normal = URL.canParse(url) ? new URL(url).toString() : url;
  return [...new Set([...ports(url), ...ports(normal), ...ports(normal).map(legacyQuery)])];
}

const PORT = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*))(:\d+)?/i;

const withoutPort = (url: string): string => url.replace(PORT, '$1');
const withStandardPort = (url: string): string =>
  url.replace(
    PORT,
    (_all, host: string, port?: string) => host + (port ?? (/^https:/i.test(host) ? ':443' : ':80')),
  );

/** As node's old querystring module escapes (`%27` for `'`). */
function legacyQuery(url: string): string {
  const at = url.indexOf('?');
  return at < 0 || at === url.length - 1 ? url : `${url.slice(0, at)}?${stringify(parse(url.slice(at + 1)))}`;
}

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
