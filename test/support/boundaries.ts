/**
 * Who may import whom, and who may touch the outside world, as data; and the checker that reads it. Works on sources
 * in memory, so that the rules themselves can be tested with files that break them.
 */
import { posix } from 'node:path';
import ts from 'typescript';

export interface Source {
  /** From the repository's root: `server/core/fit.ts`. */
  path: string;
  text: string;
}

/** What reaches beyond a function's arguments. A file may use those that its rule lists, and no others. */
type Power = 'env' | 'clock' | 'network' | 'timers' | 'chance' | 'console' | 'global' | 'SQL';

interface Rule {
  /** A folder (slash at the end) or a file; the first rule that fits is the file's. */
  of: string;
  /** Folders and files it may import. `types` before one: its types only. `own`: the folder of the adapter itself. */
  imports: string[];
  packages: string[];
  powers?: Power[];
  /** No outside system may be called by its name, not even in a text. */
  namesNobody?: boolean;
}

const STORE = ['types server/store/', 'server/store/database/refusals.ts'];
const ADAPTER = { imports: ['server/core/', 'own'], packages: ['zod', 'node:crypto'] };
const HTTP = {
  imports: [
    'server/http/',
    'server/core/',
    'server/accounts/',
    'server/relay/',
    ...STORE,
    'intercom-canvas/',
  ],
  packages: ['express', 'zod', 'node:*'],
};

export const RULES: Rule[] = [
  { of: 'server/core/', imports: ['server/core/'], packages: ['zod', 'libphonenumber-js', 'htmlparser2'] },
  { of: 'server/channels/registry.ts', imports: ['server/core/', 'server/channels/'], packages: [] },
  // The exact form encoding that Twilio's signature covers is Node's own.
  {
    of: 'server/channels/twilio-sms/',
    ...ADAPTER,
    packages: [...ADAPTER.packages, 'node:querystring'],
  },
  { of: 'server/channels/', ...ADAPTER },
  { of: 'server/platforms/registry.ts', imports: ['server/core/', 'server/platforms/'], packages: [] },
  { of: 'server/platforms/intercom/', ...ADAPTER, packages: [...ADAPTER.packages, 'intercom-client'] },
  { of: 'server/platforms/hubspot/', ...ADAPTER, packages: [...ADAPTER.packages, '@hubspot/api-client'] },
  { of: 'server/platforms/', ...ADAPTER },
  {
    of: 'server/relay/',
    imports: ['server/relay/', 'server/core/', ...STORE],
    packages: ['node:crypto'],
    powers: ['timers', 'chance'],
    namesNobody: true,
  },
  {
    of: 'server/store/',
    imports: ['server/store/', 'server/core/'],
    packages: ['kysely', 'better-sqlite3', 'pg', 'jose', 'node:*'],
    powers: ['SQL', 'timers'],
  },
  {
    of: 'server/accounts/',
    imports: ['server/accounts/', 'server/core/', ...STORE],
    packages: ['node:crypto', 'node:util'],
    namesNobody: true,
  },
  {
    of: 'server/http/outgoing.ts',
    ...HTTP,
    packages: [...HTTP.packages, 'undici'],
    powers: ['network', 'timers'],
  },
  { of: 'server/http/auth-google.ts', ...HTTP, packages: [...HTTP.packages, 'openid-client'] },
  { of: 'server/http/', ...HTTP },
  {
    of: 'server/mail/',
    imports: ['types server/accounts/', 'types server/core/'],
    packages: ['nodemailer'],
    powers: ['timers'],
  },
  { of: 'server/console/', ...HTTP, imports: [...HTTP.imports, 'server/console/'] },
  { of: 'server/config.ts', imports: [], packages: ['zod'] },
  { of: 'server/account-doors.ts', imports: ['server/'], packages: ['node:crypto'] },
  { of: 'server/serve.ts', imports: ['server/'], packages: ['pino', 'node:*'], powers: ['clock', 'timers'] },
  {
    of: 'server/main.ts',
    imports: ['server/config.ts', 'server/serve.ts', 'server/store/thread/start.ts'],
    packages: ['pino', 'node:module'],
    powers: ['env', 'console'],
  },
  {
    of: 'server/cli.ts',
    imports: ['server/'],
    packages: ['commander', 'node:*'],
    powers: ['env', 'clock', 'console'],
  },
  { of: 'intercom-canvas/', imports: ['intercom-canvas/'], packages: [] },
  {
    of: 'hubspot-extension/',
    imports: ['hubspot-extension/'],
    packages: ['react', '@hubspot/ui-extensions', '@octopods/card-view'],
    powers: ['clock', 'timers', 'console'],
  },
  {
    of: 'playground/',
    imports: ['playground/', 'types server/core/'],
    packages: ['*'],
    powers: ['env', 'clock', 'network', 'timers', 'chance', 'console', 'global'],
  },
  {
    of: 'start.ts',
    imports: ['server/config.ts', 'server/main.ts', 'playground/main.ts'],
    packages: [],
    powers: ['env'],
  },
];

/** Every breach as a sentence: `server/core/fit.ts:3 imports express`. A file without a rule is a breach too. */
export function breaches(sources: Source[], rules = RULES): string[] {
  const outside = outsideNames(sources);
  return sources.flatMap((source) => {
    const rule = rules.find(({ of }) => (of.endsWith('/') ? source.path.startsWith(of) : source.path === of));
    if (!rule) return [`${source.path} has no rule`];
    const uses = [...usesOf(source)].filter((use) => !isAllowed(use, rule, source.path));
    const named = rule.namesNobody ? [...namesIn(source, outside)] : [];
    return [
      ...uses.map((use) => `${source.path}:${use.line} ${sentence(use)}`),
      ...named.map(({ line, name }) => `${source.path}:${line} names ${name}`),
    ];
  });
}

interface Import {
  line: number;
  /** A path from the root, or a package. */
  target: string;
  local: boolean;
  typesOnly: boolean;
}
type Use = Import | { line: number; power: Power };

const sentence = (use: Use): string => {
  if ('power' in use) return `uses ${use.power}`;
  return use.typesOnly ? `imports types of ${use.target}` : `imports ${use.target}`;
};

function isAllowed(use: Use, rule: Rule, path: string): boolean {
  if ('power' in use) return rule.powers?.includes(use.power) ?? false;
  if (!use.local) return rule.packages.some((name) => fitsPackage(use.target, name));
  return rule.imports.some((entry) => {
    const types = entry.startsWith('types ');
    if (types && !use.typesOnly) return false;
    const where = entry === 'own' ? ownFolder(path) : types ? entry.slice('types '.length) : entry;
    return where.endsWith('/') ? use.target.startsWith(where) : use.target === where;
  });
}

const fitsPackage = (target: string, name: string): boolean =>
  name === '*' ||
  target === name ||
  target.startsWith(`${name}/`) ||
  (name === 'node:*' && target.startsWith('node:'));

/** `server/channels/telegram/`: an adapter imports itself and no other one. */
const ownFolder = (path: string): string => `${path.split('/').slice(0, 3).join('/')}/`;

/** The adapters' folders are the outside systems: `twilio-sms` → `twilio`. */
function outsideNames(sources: Source[]): Set<string> {
  const folders = sources.flatMap(
    ({ path }) => /^server\/(?:channels|platforms)\/([a-z0-9]+)[a-z0-9-]*\//.exec(path)?.[1] ?? [],
  );
  return new Set(folders);
}

const parse = ({ path, text }: Source): ts.SourceFile =>
  ts.createSourceFile(
    path,
    text,
    ts.ScriptTarget.ES2024,
    true,
    path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );

function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* walk(child);
}

function* usesOf(source: Source): Generator<Use> {
  const file = parse(source);
  for (const node of walk(file)) {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const imported = importOf(node);
    if (imported) yield { line, ...resolve(source.path, imported.specifier), typesOnly: imported.typesOnly };
    const power = powerOf(node);
    if (power) yield { line, power };
  }
}

function resolve(from: string, specifier: string): Pick<Import, 'target' | 'local'> {
  if (!specifier.startsWith('.')) return { target: specifier, local: false };
  return { target: posix.join(posix.dirname(from), specifier), local: true };
}

/** Static and dynamic imports, re-exports, `import('…')` in a type. */
function importOf(node: ts.Node): { specifier: string; typesOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node))
    return { specifier: textOf(node.moduleSpecifier), typesOnly: onlyTypes(node.importClause) };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier)
    return { specifier: textOf(node.moduleSpecifier), typesOnly: node.isTypeOnly };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { specifier: textOf(node.argument.literal), typesOnly: true };
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return { specifier: node.arguments[0] ? textOf(node.arguments[0]) : '', typesOnly: false };
  return undefined;
}

const textOf = (node: ts.Node): string => (ts.isStringLiteralLike(node) ? node.text : node.getText());

function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  if (clause.name || !named || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

const GLOBALS: Record<string, Power> = {
  process: 'env',
  fetch: 'network',
  XMLHttpRequest: 'network',
  WebSocket: 'network',
  EventSource: 'network',
  setTimeout: 'timers',
  setInterval: 'timers',
  setImmediate: 'timers',
  performance: 'clock',
  console: 'console',
  globalThis: 'global',
  global: 'global',
};
const MEMBERS: Record<string, Power> = {
  'Date.now': 'clock',
  'Math.random': 'chance',
  'AbortSignal.timeout': 'timers',
};
const STATEMENTS = new Set(['selectFrom', 'insertInto', 'updateTable', 'deleteFrom', 'mergeInto']);

function powerOf(node: ts.Node): Power | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    if (STATEMENTS.has(node.name.text)) return 'SQL';
    return MEMBERS[node.getText()];
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
    return 'clock';
  if (ts.isIdentifier(node) && isGlobal(node)) return GLOBALS[node.text];
  return undefined;
}

/** Not `io.http.fetch`, not `{ fetch: … }`, not `typeof fetch` in a type. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (!Object.hasOwn(GLOBALS, node.text)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeQueryNode(parent) || ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent))
    return false;
  const named = parent as { name?: ts.Node };
  return named.name !== node || ts.isShorthandPropertyAssignment(parent);
}

/** Identifiers, texts and templates; what comments say is free. */
function* namesIn(source: Source, outside: Set<string>): Generator<{ line: number; name: string }> {
  const file = parse(source);
  for (const node of walk(file)) {
    const text =
      ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)
        ? node.text.toLowerCase()
        : '';
    for (const name of outside)
      if (text.includes(name))
        yield { line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, name };
  }
}
