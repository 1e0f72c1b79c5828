import type { Call } from '../../../playground/kit.ts';
import { API_NAMES, type ApiName, loadApi } from './apis.ts';
import { checker, type Verdict } from './check.ts';

export { API_NAMES, type ApiName } from './apis.ts';
export type { Verdict } from './check.ts';

/** Checks calls against the official descriptions in `folder`; each API is loaded when its first call comes. */
export function createValidator(folder: string): (call: Call) => Promise<Verdict> {
  const checkers = new Map<string, (call: Call) => Promise<Verdict>>();
  return async (call) => {
    const name = API_NAMES.find((known) => known === call.api);
    if (!name)
      return { operation: undefined, violations: [`there is no description of an API “${call.api}”`] };
    return await checkerFor(checkers, name, folder)(call);
  };
}

function checkerFor(checkers: Map<string, (call: Call) => Promise<Verdict>>, name: ApiName, folder: string) {
  const known = checkers.get(name) ?? checker(loadApi(name, folder));
  checkers.set(name, known);
  return known;
}
