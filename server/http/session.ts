/** The session's and the round trips' cookies. What is in them is a secret; what it is good for, accounts/ knows. */
import type { CookieOptions, Request, Response } from 'express';
import { SESSION_MS, STATE_MS } from '../accounts/sessions.ts';

interface BrowserCookie {
  name: string;
  read(request: Request): string | undefined;
  set(response: Response, value: string): void;
  clear(response: Response): void;
}
export interface BrowserCookies {
  session: BrowserCookie;
  /** Binds an install's `state` to the browser that began it. */
  install: BrowserCookie;
  /** The same for a sign-in at a provider. */
  signIn: BrowserCookie;
  /** What the forms of a browser are signed with in which nobody is signed in. It ends with the browser. */
  forms: BrowserCookie;
}

/**
 * `__Host-` (https only) makes the browser refuse the cookie from a subdomain or over http:
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2. Lax, because an install comes
 * back from the platform by a navigation.
 */
export function browserCookies(publicUrl: string): BrowserCookies {
  const secure = new URL(publicUrl).protocol === 'https:';
  const prefix = secure ? '__Host-' : '';
  const options: CookieOptions = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  const cookie = (name: string, maxAge?: number): BrowserCookie => ({
    name: `${prefix}${name}`,
    read: (request) => readCookie(request.headers.cookie, `${prefix}${name}`),
    set: (response, value) => {
      response.cookie(`${prefix}${name}`, value, { ...options, ...(maxAge === undefined ? {} : { maxAge }) });
    },
    clear: (response) => {
      response.clearCookie(`${prefix}${name}`, options);
    },
  });
  return {
    session: cookie('octopods', SESSION_MS),
    install: cookie('octopods-install', STATE_MS),
    signIn: cookie('octopods-sign-in', STATE_MS),
    forms: cookie('octopods-forms'),
  };
}

/** Our values are base64url: nothing to decode. */
function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
