import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');

test("the extension's copy of the card's view is the original, letter for letter", () => {
  // Cards may import nothing from outside their folder, so the copy is the price; this is what keeps it honest.
  expect(read('hubspot-extension/src/app/packages/card-view/src/view.ts')).toBe(
    read('intercom-canvas/view.ts'),
  );
});

test('the workspaces of the extension stand in the root package.json too, with the same pins', () => {
  const root = JSON.parse(read('package.json'));
  const app = JSON.parse(read('hubspot-extension/src/app/package.json'));
  const cards = JSON.parse(read('hubspot-extension/src/app/cards/package.json'));
  expect(root.workspaces).toEqual(app.workspaces.map((path: string) => `hubspot-extension/src/app/${path}`));
  const rootPins = { ...root.dependencies, ...root.devDependencies };
  for (const [name, version] of Object.entries({ ...cards.dependencies, ...cards.devDependencies }))
    if (!name.startsWith('@octopods/')) expect([name, rootPins[name]]).toEqual([name, version]);
});
