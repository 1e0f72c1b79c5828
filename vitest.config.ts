import { defineConfig } from 'vitest/config';

/**
 * Four groups, one after another: fast ones first, and last the check of every recorded call against the official API
 * descriptions, which therefore sees the calls of all the others. The order begins at 1: with a single worker (two
 * cores) vitest runs files of the default order 0 after all other groups.
 */
const project = (name: string, include: string[], groupOrder: number, more: object = {}) => ({
  test: { name, include, environment: 'node' as const, sequence: { groupOrder }, ...more },
});

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      project('unit', ['test/unit/**/*.test.{ts,tsx}', 'test/contract/**/*.test.ts'], 1, {
        testTimeout: 20_000,
      }),
      project('relay', ['test/relay/**/*.test.ts'], 2, { testTimeout: 60_000 }),
      // Two at a time: they wait for servers, kills and clocks more than they reckon. 290 s instead of 450 on two slow cores.
      project('e2e', ['test/e2e/**/*.test.ts'], 3, {
        testTimeout: 120_000,
        hookTimeout: 60_000,
        maxWorkers: 2,
      }),
      project('browser', ['test/browser/**/*.test.ts'], 4, {
        testTimeout: 240_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
      project('specs', ['test/specs/**/*.test.ts'], 5, { testTimeout: 120_000 }),
    ],
  },
});
