import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * What a thread finds in its environment: nothing of the process's but where compiled modules are kept, so that it boots
 * in two thirds of the time. It also keeps Node's TypeScript compiler, which is WebAssembly, out of threads: V8 13.6 may
 * crash the process in the second thread that runs it (`Runtime_TierUpWasmToJSWrapper`, one in some 600 threads, each
 * begun behind the end of another).
 */
export function threadEnvironment(): { NODE_COMPILE_CACHE?: string } {
  // Node answers the folder of its own version, and makes one inside of what it is given.
  const place = getCompileCacheDir();
  return place === undefined ? {} : { NODE_COMPILE_CACHE: dirname(place) };
}
