/** A simulator never runs in production by accident, and a half-configured product never serves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const KEY = Buffer.alloc(32, 7).toString('base64');

async function run(
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; said: string }> {
  const path = `${root}node_modules/.bin:${process.env.PATH ?? ''}`;
  const child = spawn(command, args, { cwd: root, env: { PATH: path, HOME: '/tmp', ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += String(chunk);
    });
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}
const main = (env: Record<string, string>) => run(process.execPath, ['server/main.ts'], env);

test('serving for real without OCTOPODS_KEYS ends with 1 and names it', async () => {
  const { code, said } = await main({ PUBLIC_URL: 'https://octopods.example' });
  expect(code).toBe(1);
  expect(said).toContain('OCTOPODS_KEYS');
});

test('every missing or wrong key is named at once, each with its reason, without a stack trace', async () => {
  const { code, said } = await main({
    PORT: 'eighty',
    PUBLIC_URL: 'http://octopods.example',
    DATABASE_URL: 'mysql://db',
    OCTOPODS_KEYS: `${KEY},dG9vIHNob3J0`,
    INTERCOM_CLIENT_ID: 'abc',
    HUBSPOT_CLIENT_SECRET: 'shh-very-secret',
    TELEGRAM_API_URL: 'http://10.0.0.1',
    LOG_LEVEL: 'loud',
  });
  expect(code).toBe(1);
  const named = [...said.matchAll(/^ {2}- (\w+): \S+/gm)].map(([, key]) => key);
  expect(named.sort()).toEqual(
    [
      'DATABASE_URL',
      'HUBSPOT_CLIENT_ID',
      'INTERCOM_CLIENT_SECRET',
      'LOG_LEVEL',
      'OCTOPODS_KEYS',
      'PORT',
      'PUBLIC_URL',
      'TELEGRAM_API_URL',
    ].sort(),
  );
  expect(said).toContain('entry 2');
  expect(said).not.toMatch(/^\s+at /m);
  for (const secret of [KEY, 'shh-very-secret', 'dG9vIHNob3J0']) expect(said).not.toContain(secret);
});

test.concurrent.each([
  ['a host that others can reach', { HOST: '0.0.0.0' }],
  ['an https address', { PUBLIC_URL: 'https://octopods.example' }],
  ['a Postgres database', { DATABASE_URL: 'postgres://db/octopods' }],
  ['one key of a real app', { INTERCOM_CLIENT_ID: 'abc' }],
])(
  'npm start with %s means to serve for real: no playground, it refuses and names the keys',
  async (_what, env) => {
    // Without the script before it, which would install what a half-installed tree lacks: not a test's business.
    const { code, said } = await run('npm', ['start', '--silent', '--ignore-scripts'], env);
    expect(code).toBe(1);
    expect(said).toContain('OCTOPODS_KEYS');
    expect(said).not.toMatch(/playground/i);
  },
);

test('a database that cannot be opened is said in words, with exit code 1', async () => {
  const { code, said } = await main({
    OCTOPODS_KEYS: KEY,
    DATABASE_URL: 'sqlite:/dev/null/octopods.db',
    PORT: '0',
  });
  expect(code).toBe(1);
  expect(said).toMatch(/Octopods cannot start: .+/);
  expect(said).not.toMatch(/^\s+at /m);
});
