import { randomFillSync } from 'node:crypto';

// By the page: one call into the kernel for some four hundred ids or initialisation vectors instead of one each.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Fresh random bytes, at most 4096 of them; none is ever handed out twice. */
export function random(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
}
