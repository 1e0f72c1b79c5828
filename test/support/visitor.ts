/** A browser without pages: keeps one site's cookies, follows no redirect by itself. */
export interface Visitor {
  cookies: Map<string, string>;
  /** The raw Set-Cookie lines of the last answer. */
  setCookies: string[];
  go(pathOrUrl: string, init?: RequestInit): Promise<Response>;
}

export function visitor(site: string): Visitor {
  const self: Visitor = {
    cookies: new Map(),
    setCookies: [],
    go: async (pathOrUrl, init = {}) => {
      const url = new URL(pathOrUrl, site);
      const headers = new Headers(init.headers);
      const ours = url.origin === new URL(site).origin;
      const cookie = [...self.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      if (ours && cookie !== '') headers.set('cookie', cookie);
      const response = await fetch(url, { redirect: 'manual', ...init, headers });
      if (ours) keep(self, response);
      return response;
    },
  };
  return self;
}

function keep(self: Visitor, response: Response): void {
  self.setCookies = response.headers.getSetCookie();
  for (const line of self.setCookies) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    const value = pair.slice(at + 1);
    if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) self.cookies.delete(pair.slice(0, at));
    else self.cookies.set(pair.slice(0, at), value);
  }
}
