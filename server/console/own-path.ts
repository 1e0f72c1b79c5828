/**
 * Where to go after signing in, as the address bar asks for it: a path of ours, or the start page. `//elsewhere`,
 * `/\elsewhere` and control characters are what browsers read as another site:
 * https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html
 */
export function ownPath(wanted: string | null | undefined): string {
  if (!wanted?.startsWith('/') || !URL.canParse(wanted, OURS)) return '/';
  const url = new URL(wanted, OURS);
  return url.origin === OURS ? url.pathname + url.search : '/';
}
const OURS = 'http://octopods.invalid';
