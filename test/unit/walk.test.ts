/**
 * A newcomer who follows one message opens these files in this order, each one called by the one before it. The page
 * docs/architecture.md prints the same walk.
 */
import ts from 'typescript';
import { expect, test } from 'vitest';
import { read, sourcesIn } from '../support/repository.ts';

interface Room {
  file: string;
  /** What this file calls, in the order in which it calls it. */
  calls: string[];
  /** Where the last of these calls leads, by this file's own import; a method of an adapter or the ledger leads by name. */
  leadsTo?: string;
}

const WALK: Room[] = [
  { file: 'server/http/webhooks.ts', calls: ['ingest'], leadsTo: 'server/relay/ingest.ts' },
  { file: 'server/relay/ingest.ts', calls: ['adapter.receive', 'deps.ledger.append'] },
  { file: 'server/channels/telegram/receive.ts', calls: [] },
  { file: 'server/store/ledger/append.ts', calls: ['raiseLanes'] },
  {
    file: 'server/relay/worker.ts',
    calls: ['deps.ledger.claim', 'deliver'],
    leadsTo: 'server/relay/deliver.ts',
  },
  {
    file: 'server/relay/deliver.ts',
    calls: ['expandMessage', 'messageDelivery', 'attempt'],
    leadsTo: 'server/relay/attempt.ts',
  },
  {
    file: 'server/relay/attempt.ts',
    calls: ['clearDoubt', 'prepare', 'deps.ledger.start', 'adapter.send', 'deps.ledger.settle'],
  },
  { file: 'server/platforms/intercom/send.ts', calls: [] },
  { file: 'server/store/ledger/settle.ts', calls: ['writeWhileHeld.run', 'follow'] },
];

const parse = (path: string) => ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2024, true);

function* nodes(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodes(child);
}

/** `adapter.send`, `deliver`: what is called, from top to bottom. */
const callsIn = (path: string): string[] =>
  [...nodes(parse(path))].filter(ts.isCallExpression).map(({ expression }) => expression.getText());

/** The file, from the repository's root, that a name in this file was imported from. */
function importedFrom(path: string, name: string): string | undefined {
  for (const node of parse(path).statements) {
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) continue;
    const named = node.importClause?.namedBindings;
    if (!named || !ts.isNamedImports(named)) continue;
    if (named.elements.some((element) => element.name.text === name))
      return new URL(node.moduleSpecifier.text, `file:///${path}`).pathname.slice(1);
  }
  return undefined;
}

test.each(WALK.filter(({ calls }) => calls.length > 0))(
  '$file calls $calls, in this order',
  ({ file, calls, leadsTo }) => {
    const made = callsIn(file).filter((call) => calls.includes(call));
    const firsts = [...new Set(made)];
    expect(firsts).toEqual(calls);
    if (leadsTo) expect(importedFrom(file, calls.at(-1) as string)).toBe(leadsTo);
  },
);

test.each([
  ['append', 'server/store/ledger/append.ts'],
  ['claim', 'server/store/ledger/claims.ts'],
  ['start', 'server/store/ledger/claims.ts'],
  ['settle', 'server/store/ledger/settle.ts'],
])('the ledger’s door %s leads to %s, inside one commit', (name, file) => {
  expect(read('server/store/ledger/ledger.ts')).toMatch(
    new RegExp(`${name}: .*?committer\\.run\\(${name}, `, 's'),
  );
  expect(importedFrom('server/store/ledger/ledger.ts', name)).toBe(file);
});

test('nothing is sent before the durable start, and nothing follows a send but its settlement', () => {
  const send = /\nasync function send\(.*?\n}\n/s.exec(read('server/relay/attempt.ts'))?.[0] ?? '';
  const steps = [...send.matchAll(/await (?:deps\.)?([\w.]+)\(/g)].map(([, call]) => call);
  expect(steps).toEqual(['prepare', 'begin', 'sendSafely', 'settleOutcome']);
  const begin = /\nasync function begin\(.*?\n}\n/s.exec(read('server/relay/attempt.ts'))?.[0] ?? '';
  expect([...begin.matchAll(/return (.*);/g)].map(([, yes]) => yes)).toEqual([
    'deps.ledger.start(claim)',
    "begun === 'started'",
  ]);
  expect(begin).toContain('const begun = await deps.ledger.startOpening(');
});

test('every adapter has its door in index.ts, with the same two calls', () => {
  const doors = sourcesIn('server/channels', 'server/platforms').filter(({ path }) =>
    path.endsWith('/index.ts'),
  );
  expect(doors.length).toBeGreaterThanOrEqual(5);
  for (const { path, text } of doors) {
    expect(text, path).toMatch(/^ {4}receive\b/m);
    expect(text, path).toMatch(/^ {4}send\b/m);
  }
});

test('docs/architecture.md prints this walk', () => {
  const section = /## Follow one message\n(.*?)\n## /s.exec(read('docs/architecture.md'))?.[1] ?? '';
  const links = [...section.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path);
  expect(links).toEqual(WALK.map(({ file }) => file));
});
