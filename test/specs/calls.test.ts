import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, inject, test } from 'vitest';
import type { Call } from '../../playground/kit.ts';
import { API_NAMES, createValidator } from './validator/index.ts';

const folder = process.env.API_SPECS_DIR;
if (!folder)
  console.warn(
    'API_SPECS_DIR is not set: the recorded calls are NOT checked against the official API descriptions.',
  );

interface Count {
  calls: number;
  operations: Set<string>;
  violations: Map<string, number>;
}

/** Every call that the other groups of this run made, read line by line as the emulators wrote them. */
function recordedCalls(file: string): Call[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Call);
}

const line = (name: string, { calls, operations, violations }: Count): string =>
  `${name}: ${calls} calls, ${operations.size} distinct operations, ${[...violations.values()].reduce((sum, count) => sum + count, 0)} violations`;

// Without the descriptions there is nothing to check against; this is the only skip of the suite, and it says so above.
describe.skipIf(!folder)('every call to an outside API', () => {
  test('is what the official description of that API allows', async () => {
    const file = inject('callsFile');
    const check = createValidator(folder ?? '');
    const none = (): Count => ({ calls: 0, operations: new Set(), violations: new Map() });
    const total = none();
    const counts = new Map<string, Count>(API_NAMES.map((name) => [name, none()]));
    for (const call of recordedCalls(file)) {
      const { operation, violations } = await check(call);
      const ofApi = counts.get(call.api) ?? none();
      counts.set(call.api, ofApi);
      for (const count of [total, ofApi]) {
        count.calls += 1;
        if (operation) count.operations.add(`${call.api} ${operation}`);
        for (const violation of violations) {
          const words = `${call.api} ${operation ?? ''}: ${violation}`;
          count.violations.set(words, (count.violations.get(words) ?? 0) + 1);
        }
      }
    }
    const lines = [...counts].map(([name, count]) => line(name, count));
    console.info([...lines, line('total', total)].join('\n'));
    // Run alone there are no calls; after the other groups there must be.
    if (existsSync(file)) expect(total.calls).toBeGreaterThan(0);
    expect([...total.violations].map(([words, count]) => `${count} × ${words}`)).toEqual([]);
  });
});
