/** What the pages say about the code, held to the code. */
import { existsSync, globSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { channelAdapters } from '../../server/channels/registry.ts';
import { meansToServeForReal, readConfig } from '../../server/config.ts';
import type { AnyAdapter } from '../../server/core/adapter.ts';
import { createPlatforms, type PlatformStore } from '../../server/platforms/registry.ts';
import { TIMES } from '../../server/relay/deps.ts';
import { read } from '../support/repository.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  ...globSync('*.md', { cwd: root }),
  ...globSync('docs/**/*.md', { cwd: root }),
  'hubspot-extension/README.md',
].sort();

/** The rows of the table that follows a heading, as cells without their backticks. */
function rowsUnder(page: string, heading: string): string[][] {
  const section = read(page).split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')));
}

describe('docs/running.md, the environment', () => {
  const rows = rowsUnder('docs/running.md', 'Environment');
  const env: Record<string, string> = {
    OCTOPODS_KEYS: Buffer.alloc(32, 1).toString('base64'),
    INTERCOM_CLIENT_ID: 'a',
    INTERCOM_CLIENT_SECRET: 'b',
    HUBSPOT_CLIENT_ID: 'c',
    HUBSPOT_CLIENT_SECRET: 'd',
    GOOGLE_CLIENT_ID: 'e',
    GOOGLE_CLIENT_SECRET: 'f',
    SMTP_URL: 'smtp://mail.example',
    MAIL_FROM: 'octopods@mail.example',
  };
  /** Everything that is served by; that a host was set by hand is another matter. */
  const served = (more: Record<string, string> = {}) => {
    const { configuredHosts: _, ...config } = readConfig({ ...env, ...more });
    return config;
  };

  test('names every key that is read, and no other', () => {
    const asked = new Set<string>();
    const spying = (known: Record<string, string>) =>
      new Proxy(known, { get: (it, key) => asked.add(String(key)) && it[String(key)] });
    readConfig(spying(env));
    meansToServeForReal(spying({}));
    expect(rows.map(([key]) => key).sort()).toEqual([...asked].sort());
  });

  test.each(rows.filter(([, fallback]) => fallback !== '–'))(
    '%s is %s when it is not set',
    (key, fallback) => {
      expect(served({ [String(key)]: String(fallback) })).toEqual(served());
    },
  );

  test.each(rows.filter(([key, fallback]) => fallback === '–' && key !== 'OCTOPODS_KEYS'))(
    '%s has no default, and matters when it is set',
    (key) => {
      const others: Record<string, string> = {
        SMTP_URL: 'smtp://elsewhere.example',
        MAIL_FROM: 'other@mail.example',
        RATE_LIMITS: 'telegram=100',
      };
      expect(served({ [String(key)]: others[String(key)] ?? 'https://elsewhere.example' })).not.toEqual(
        served(),
      );
    },
  );

  test('only the keys are needed', () => {
    const { OCTOPODS_KEYS, ...others } = env;
    expect(() => readConfig(others)).toThrow('OCTOPODS_KEYS: is missing');
    expect(() => readConfig({ OCTOPODS_KEYS })).not.toThrow();
  });
});

describe('docs/reliability.md', () => {
  const host = 'https://outside.example';
  const channels = channelAdapters({
    telegramApiUrl: host,
    twilio: { apiUrl: host, messagingUrl: host },
    meta: { graphUrl: host, appSecrets: [] },
  }).map(({ adapter }) => adapter);
  const app = { appUrl: host, apiUrl: host, clientId: 'a', clientSecrets: ['b'] };
  const platforms = createPlatforms({ publicUrl: host, intercom: app, hubspot: app }, {
    hubspotSecret: 'c',
  } as PlatformStore);

  const settledBy = ({ can, lookup }: AnyAdapter): string => {
    if (can.idempotent) return 'the same key again';
    if (lookup) return can.echo ? 'a look-up, else its echo' : 'a look-up';
    return can.echo ? 'its echo' : 'nothing: the agent is asked';
  };

  test('says of every source what its adapter says', () => {
    const rows = [...channels, ...platforms.all].map((adapter) => [
      adapter.title,
      adapter.can.redelivery,
      adapter.catchUp ? 'yes' : 'no',
      settledBy(adapter),
    ]);
    expect(rowsUnder('docs/reliability.md', 'What every source repeats')).toEqual(rows);
  });

  test('says the times that the relay keeps', () => {
    const page = read('docs/reliability.md');
    const hours = (ms: number) => `${ms / 3_600_000} hours`;
    expect(page).toContain(`could not leave for ${hours(TIMES.replyMaxAge)}`);
    expect(page).toContain(`tried for ${hours(TIMES.inboundMaxAge)}`);
    expect(page).toContain(`${TIMES.lookUpAfter / 1_000} seconds`);
    expect(page).toContain(`${TIMES.echoWait / 1_000} seconds`);
  });
});

describe('all pages', () => {
  test.each(pages)('%s links to nothing that is not there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => String(link));
    const missing = links
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => !existsSync(`${root}${posix.join(posix.dirname(page), link)}`));
    expect(missing).toEqual([]);
  });

  test('a decision has a number of its own and at most 30 lines', () => {
    const decisions = globSync('docs/decisions/*.md', { cwd: root });
    const numbers = decisions.map((path) => /\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]);
    expect(new Set(numbers).size).toBe(decisions.length);
    expect(numbers).not.toContain(undefined);
    const long = decisions.filter((path) => read(path).trimEnd().split('\n').length > 30);
    expect(long).toEqual([]);
  });

  test('every channel and platform has its page, and the README leads to it', () => {
    const folders = globSync('server/{channels,platforms}/*/index.ts', { cwd: root }).map((path) =>
      path.replace(/^server/, 'docs').replace('/index.ts', '.md'),
    );
    expect(folders.filter((page) => !read('README.md').includes(`](${page})`))).toEqual([]);
  });
});
