import { expect, test } from 'vitest';
import { lengthOf, measure } from '../support/habits.ts';
import { sourcesIn } from '../support/repository.ts';

const ours = sourcesIn('server', 'intercom-canvas', 'playground', 'hubspot-extension/src')
  .filter(({ path }) => !path.startsWith('playground/page/'))
  .map(measure);

test('no file is longer than 300 lines', () => {
  expect(ours.length).toBeGreaterThan(200);
  expect(ours.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

test('no function is longer than 60 lines', () => {
  const long = ours.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines > 60)
      .map(({ name, line, lines }) => `${path}:${line} ${name}: ${lines}`),
  );
  expect(long).toEqual([]);
});

test('half of the functions have at most 12 lines, nine of ten at most 35', () => {
  expect(lengthOf(ours, 0.5)).toBeLessThanOrEqual(12);
  expect(lengthOf(ours, 0.9)).toBeLessThanOrEqual(35);
});

test('nothing is typed any without its reason right above', () => {
  expect(ours.flatMap(({ path, anys }) => anys.map((line) => `${path}:${line}`))).toEqual([]);
});

test('the measure counts what it should', () => {
  const text = `function long() {\n${'work();\n'.repeat(60)}}\nconst one: any = () => 1;\n`;
  const { functions, anys, lines } = measure({ path: 'x.ts', text });
  expect(functions).toEqual([
    { name: 'long', line: 1, lines: 62 },
    { name: 'one', line: 63, lines: 1 },
  ]);
  expect(anys).toEqual([63]);
  expect(lines).toBe(63);
  const explained = '// biome-ignore lint/suspicious/noExplicitAny: the SDK types it so\nconst it: any = 1;';
  expect(measure({ path: 'x.ts', text: explained }).anys).toEqual([]);
});
