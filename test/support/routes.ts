/** Which routes an application serves, read from its routers themselves: what is added is found without being listed. */
import type { Router } from 'express';

export interface FoundRoute {
  method: string;
  path: string;
}

interface Layer {
  /** Mounted at `/`: its own paths are whole. */
  slash: boolean;
  route?: { path: string | string[]; stack: { method?: string }[] };
  handle: { stack?: Layer[] };
}

export const routesOf = (routers: { path: string; router: Router }[]): FoundRoute[] =>
  routers.flatMap(({ path, router }) =>
    within(router as unknown as { stack: Layer[] }, path.replace(/\/$/, '')),
  );

function within({ stack }: { stack: Layer[] }, base: string): FoundRoute[] {
  return stack.flatMap((layer) => {
    if (layer.route) return ofRoute(layer.route, base);
    if (!layer.slash)
      throw new Error(`below ${base || '/'} something is mounted at a path that cannot be read`);
    return layer.handle.stack ? within({ stack: layer.handle.stack }, base) : [];
  });
}

/** `.all(…)` stands behind the methods that there are, to answer the others; alone it takes every method. */
function ofRoute({ path, stack }: NonNullable<Layer['route']>, base: string): FoundRoute[] {
  const named = [...new Set(stack.flatMap(({ method }) => (method ? [method.toUpperCase()] : [])))];
  const methods = named.length > 0 ? named : ['GET', 'POST', 'DELETE'];
  return [path].flat().flatMap((one) => methods.map((method) => ({ method, path: base + one })));
}
