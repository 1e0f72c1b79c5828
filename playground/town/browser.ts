/** A browser without pages: keeps cookies per site, as an admin's would while installing. */
export interface CookieBrowser {
  /** One request, no redirect followed. */
  go(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects from site to site; answers where it came to rest. */
  follow(url: string): Promise<{ url: string; status: number }>;
}

const MAX_HOPS = 10;

export function cookieBrowser(): CookieBrowser {
  const jars = new Map<string, Map<string, string>>();
  const go = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { host } = new URL(url);
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) keep(jar, line);
    return response;
  };
  const follow = async (url: string, hops = 0): Promise<{ url: string; status: number }> => {
    const response = await go(url);
    await response.arrayBuffer();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location || hops === MAX_HOPS)
      return { url, status: response.status };
    return follow(new URL(location, url).href, hops + 1);
  };
  return { go, follow };
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const at = pair.indexOf('=');
  const name = pair.slice(0, at).trim();
  const value = pair.slice(at + 1).trim();
  if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
  else jar.set(name, value);
}
