import type { Making } from '../../server/core/adapter.ts';

/** What a preparation is handed: nothing is in doubt, or a creation that began at `resumed` (ms). */
export const making = (resumed?: number): Making & { began: number } => {
  const made = {
    ...(resumed === undefined ? {} : { resumed }),
    /** How often it said that it begins. */
    began: 0,
    begins: async () => {
      made.began += 1;
    },
  };
  return made;
};
