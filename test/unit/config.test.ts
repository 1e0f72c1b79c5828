import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConfigError, meansToServeForReal, readConfig } from '../../server/config.ts';

const KEY = randomBytes(32).toString('base64');
const least = { OCTOPODS_KEYS: KEY };

/** The lines of the error, without their dashes. */
function problems(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split('\n').flatMap((line) => /^ {2}- (.*)/.exec(line)?.[1] ?? []);
  }
  return [];
}

describe('the configuration', () => {
  test('needs nothing but keys', () => {
    const config = readConfig(least);
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:8080',
      databaseUrl: 'sqlite:./data/octopods.db',
      mediaFolder: './data/media',
      mediaOrigin: 'http://localhost:8080',
      logLevel: 'info',
      keep: { contentMs: 7 * 86_400_000, ledgerMs: 400 * 86_400_000 },
      trustProxy: 0,
      allowPrivateHosts: false,
      configuredHosts: [],
      meta: { graphUrl: 'https://graph.facebook.com', appSecrets: [] },
      telegramApiUrl: 'https://api.telegram.org',
      twilio: { apiUrl: 'https://api.twilio.com', messagingUrl: 'https://messaging.twilio.com' },
    });
    expect(config.intercom).toBeUndefined();
    expect(config.hubspot).toBeUndefined();
    expect(Buffer.from(config.keys[0] as Uint8Array).toString('base64')).toBe(KEY);
  });

  test('names every wrong and missing key at once', () => {
    const found = problems({
      PORT: '70000',
      PUBLIC_URL: 'http://octopods.example.com',
      DATABASE_URL: 'mysql://localhost',
      MEDIA_URL: 'ftp://somewhere',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'yes',
      INTERCOM_CLIENT_ID: 'id',
      HUBSPOT_CLIENT_SECRET: 'secret',
      META_GRAPH_URL: 'not a url',
      TELEGRAM_API_URL: 'http://127.0.0.1:9',
    });
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'PORT',
      'PUBLIC_URL',
      'DATABASE_URL',
      'MEDIA_URL',
      'LOG_LEVEL',
      'TRUST_PROXY',
      'META_GRAPH_URL',
      'TELEGRAM_API_URL',
      'OCTOPODS_KEYS',
      'INTERCOM_CLIENT_SECRET',
      'HUBSPOT_CLIENT_ID',
    ]);
  });

  test('never repeats a secret in its error', () => {
    const secret = 'c2hvcnQga2V5IHRoYXQgaXMgc2VjcmV0';
    expect(() => readConfig({ OCTOPODS_KEYS: secret })).toThrow(ConfigError);
    expect(problems({ OCTOPODS_KEYS: secret }).join()).not.toContain(secret);
  });

  test.each([
    ['PORT', '-1'],
    ['PORT', 'eighty'],
    ['PUBLIC_URL', 'octopods.example.com'],
    ['PUBLIC_URL', 'https://octopods.example.com/path'],
    ['PUBLIC_URL', 'ftp://localhost'],
    ['TRUST_PROXY', '-1'],
    ['TRUST_PROXY', '1.5'],
    ['OCTOPODS_KEYS', 'AAAA'],
    ['OCTOPODS_KEYS', `${KEY},short`],
    ['OCTOPODS_KEYS', ' , '],
    ['RATE_LIMITS', 'telegram'],
    ['RATE_LIMITS', 'telegram=fast'],
    ['RATE_LIMITS', 'telegram=0'],
    ['HUBSPOT_API_URL', 'http://hubspot.example.com'],
    ['INTERCOM_API_URL', 'https://localhost'],
    ['TWILIO_MESSAGING_URL', 'file:///etc/passwd'],
  ])('refuses %s=%s', (key, value) => {
    expect(problems({ ...least, [key]: value }).map((line) => line.split(':')[0])).toEqual([key]);
  });

  test('takes several keys and several secrets, the first one first', () => {
    const second = randomBytes(32).toString('base64');
    const config = readConfig({
      OCTOPODS_KEYS: `${KEY}, ${second}`,
      INTERCOM_CLIENT_ID: 'id',
      INTERCOM_CLIENT_SECRET: 'new,old',
      META_APP_SECRET: 'a, b',
    });
    expect(config.keys.map((one) => Buffer.from(one).toString('base64'))).toEqual([KEY, second]);
    expect(config.intercom?.clientSecrets).toEqual(['new', 'old']);
    expect(config.meta.appSecrets).toEqual(['a', 'b']);
  });

  test('takes the rates that were granted, by provider and by what they are for', () => {
    const { rateLimits } = readConfig({ ...least, RATE_LIMITS: 'telegram=100, hubspot.searches=12.5' });
    expect(rateLimits).toEqual({ telegram: 100, 'hubspot.searches': 12.5 });
  });

  test('takes the slash off the end of every URL, and counts configured hosts as the providers’ own', () => {
    const config = readConfig({
      ...least,
      PUBLIC_URL: 'https://octopods.example.com/',
      ALLOW_PRIVATE_HOSTS: '1',
      TELEGRAM_API_URL: 'http://127.0.0.1:9001/telegram/',
      HUBSPOT_CLIENT_ID: 'id',
      HUBSPOT_CLIENT_SECRET: 'secret',
      HUBSPOT_API_URL: 'https://hubspot.test/',
    });
    expect(config.publicUrl).toBe('https://octopods.example.com');
    expect(config.mediaOrigin).toBe('https://octopods.example.com');
    expect(config.telegramApiUrl).toBe('http://127.0.0.1:9001/telegram');
    expect(config.hubspot?.apiUrl).toBe('https://hubspot.test');
    expect(config.configuredHosts.toSorted()).toEqual(['127.0.0.1', 'hubspot.test']);
  });
});

describe('serving for real', () => {
  test.each([
    { OCTOPODS_KEYS: KEY },
    { INTERCOM_CLIENT_ID: 'x' },
    { HUBSPOT_CLIENT_SECRET: 'x' },
    { META_APP_SECRET: 'x' },
    { DATABASE_URL: 'postgres://localhost/octopods' },
    { PUBLIC_URL: 'https://octopods.example.com' },
    { HOST: '0.0.0.0' },
  ])('is meant by %o', (env) => {
    expect(meansToServeForReal(env as Record<string, string | undefined>)).toBe(true);
  });

  test.each([{}, { PORT: '9000' }, { HOST: '127.0.0.1' }, { HOST: 'localhost' }, { LOG_LEVEL: 'debug' }])(
    'is not meant by %o',
    (env) => {
      expect(meansToServeForReal(env as Record<string, string | undefined>)).toBe(false);
    },
  );
});

describe('how long things are kept', () => {
  const kept = (env: Record<string, string>) => readConfig({ ...least, ...env }).keep.contentMs;

  test('may be no time at all, but an empty value is none', () => {
    expect(kept({ RETENTION_DAYS: '0' })).toBe(0);
    expect(kept({ RETENTION_DAYS: '0.5' })).toBe(43_200_000);
    expect(kept({ RETENTION_DAYS: '' })).toBe(7 * 86_400_000);
  });

  test.each([
    [{ RETENTION_DAYS: '-1' }, 'RETENTION_DAYS: is not a number of days (0–3650)'],
    [{ RETENTION_DAYS: 'a week' }, 'RETENTION_DAYS: is not a number of days (0–3650)'],
    [
      { LEDGER_DAYS: '7' },
      'LEDGER_DAYS: is not a number of days (at least 8: duplicates may come for seven)',
    ],
    [{ LEDGER_DAYS: '30', RETENTION_DAYS: '31' }, 'LEDGER_DAYS: is less than RETENTION_DAYS'],
  ])('%j is refused', (env, why) => {
    expect(problems({ ...least, ...(env as Record<string, string>) })).toEqual([why]);
  });
});
