/**
 * Forms: who may send one. Two independent checks, because each has a hole that the other closes (old browsers without
 * `Origin`, subdomains that can plant cookies): the Origin header must be ours, and the form must carry a token made
 * from the visitor's own secret cookie. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { createHmac } from 'node:crypto';
import type { Request, Response } from 'express';
import { makeSecret, type Random, sameSecret } from '../accounts/secrets.ts';
import { forbidden } from './problem.ts';
import type { BrowserCookies } from './session.ts';

/** The hidden field's name. */
export const CSRF_FIELD = 'csrf';

export interface Csrf {
  /** For a form on the page that `response` will be; sets the visitor's cookie where there is none yet. */
  token(request: Request, response: Response): string;
  /** Throws a 403 when the form did not come from a page of ours. `body`: the parsed form. */
  check(request: Request, body: unknown): void;
}

export function createCsrf(cookies: BrowserCookies, publicUrl: string, random: Random): Csrf {
  const ours = new URL(publicUrl).origin;
  return {
    token: (request, response) => {
      const known = secretOf(cookies, request) ?? (response.locals.visit as string | undefined);
      if (known) return tokenOf(known);
      const made = makeSecret(random);
      cookies.visit.set(response, made);
      // A page with two forms asks twice: both get the same cookie's token.
      response.locals.visit = made;
      return tokenOf(made);
    },
    check: (request, body) => {
      const { origin } = request.headers;
      const secret = secretOf(cookies, request);
      const given = (body as Record<string, unknown> | undefined)?.[CSRF_FIELD];
      if (origin !== undefined && origin !== ours) throw foreign();
      if (request.headers['sec-fetch-site'] === 'cross-site') throw foreign();
      if (!secret || typeof given !== 'string' || !sameSecret(given, tokenOf(secret))) throw stale();
    },
  };
}

/** Bound to the session while there is one: a sign-in or sign-out makes older forms worthless. */
const secretOf = (cookies: BrowserCookies, request: Request): string | undefined =>
  cookies.session.read(request) ?? cookies.visit.read(request);

const tokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('octopods form').digest('base64url');

const foreign = () =>
  forbidden('This form was sent from another site.', 'Open the page here and send it again.');
const stale = () =>
  forbidden(
    'This form is no longer good: you signed in or out since, or cookies are off.',
    'Go back, reload the page and send it again.',
  );
