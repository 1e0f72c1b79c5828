/** Forms as a browser without pages sends them. */
import type { Visitor } from './visitor.ts';

/** Read once for as long as the browser's cookies stay what they are. */
const read = new WeakMap<Visitor, { cookies: string; token: string }>();

/** What the forms carry that this browser gets right now. */
export async function formToken(who: Visitor): Promise<string> {
  const known = read.get(who);
  if (known && known.cookies === cookiesOf(who)) return known.token;
  const inside = await who.go('/account');
  const page = inside.status === 200 ? inside : await who.go('/sign-in');
  const token = tokenIn(await page.text());
  read.set(who, { cookies: cookiesOf(who), token });
  return token;
}

const cookiesOf = ({ cookies }: Visitor): string => [...cookies].join('; ');

export const tokenIn = (page: string): string => /name="form_token" value="([^"]*)"/.exec(page)?.[1] ?? '';

export const formRequest = (
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(fields).toString(),
});
