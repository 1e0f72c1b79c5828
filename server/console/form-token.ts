/**
 * What a form proves: that it was printed for this very browser. A MAC under the secret of its session, or before there
 * is one under the secret of a cookie of its own, so that nobody can sign somebody else's browser in (login CSRF).
 * Why beside the Origin header: docs/decisions/0013-forms-carry-a-token.md
 */
import { createHmac } from 'node:crypto';
import { sameSecret } from '../accounts/secrets.ts';
import { attributes, type Html } from './html.ts';

const FIELD = 'form_token';

const tokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('octopods form').digest('base64url');

const input = (value: string): Html => ({
  markup: `<input type="hidden"${attributes({ name: FIELD, value }).markup}>`,
});

/** Stands in every form that changes something, until the page is sent. Nobody's text can hold it: that is escaped. */
export const FORM_TOKEN: Html = input('');

export const hasForm = ({ markup }: Html): boolean => markup.includes(FORM_TOKEN.markup);

/** The page with this browser's token in its forms. */
export const withFormToken = ({ markup }: Html, secret: string): Html => ({
  markup: markup.replaceAll(FORM_TOKEN.markup, input(tokenOf(secret)).markup),
});

export const isOwnForm = (form: URLSearchParams, secret: string | undefined): boolean =>
  secret !== undefined && sameSecret(form.get(FIELD) ?? '', tokenOf(secret));
