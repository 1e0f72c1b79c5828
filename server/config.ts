/**
 * The only reader of the environment. Every missing or wrong key is reported in one go, each with what it is for.
 */
import { z } from 'zod';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);
const isLoopback = (host: string): boolean => LOOPBACK.has(host);

export interface Config {
  port: number;
  host: string;
  /** The origin that platforms and providers call, without a trailing slash. */
  publicUrl: string;
  databaseUrl: string;
  /** 32 bytes each; the first encrypts, all decrypt. */
  keys: Uint8Array[];
  mediaFolder: string;
  mediaOrigin: string;
  /** How long content and files are kept after a message's last outcome, and the ledger's rows after that, ms. */
  keep: { contentMs: number; ledgerMs: number };
  logLevel: string;
  trustProxy: number;
  allowPrivateHosts: boolean;
  intercom?: { clientId: string; clientSecrets: string[]; apiUrl?: string; appUrl: string };
  hubspot?: {
    clientId: string;
    clientSecrets: string[];
    apiUrl: string;
    appUrl: string;
    appId?: string;
    developerApiKey?: string;
  };
  meta: { graphUrl: string; appId?: string; appSecrets: string[]; verifyToken?: string };
  /** Signing in with Google; off without it. */
  google?: { issuerUrl: string; clientId: string; clientSecret: string };
  /** Mail by SMTP; without it nobody can sign up by password, and invitations are links that are passed on by hand. */
  mail?: { url: string; from: string };
  telegramApiUrl: string;
  twilio: { apiUrl: string; messagingUrl: string };
  /** Calls a second that a provider has granted beyond its usual limit, by `<adapter>` or `<adapter>.<budget>`. */
  rateLimits: Record<string, number>;
  /** Hosts of the settings above: they count as the providers' own. */
  configuredHosts: string[];
}

/** Thrown with every problem in its message, one a line. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const HOSTS = {
  INTERCOM_API_URL: undefined,
  INTERCOM_APP_URL: 'https://app.intercom.com',
  HUBSPOT_API_URL: 'https://api.hubapi.com',
  HUBSPOT_APP_URL: 'https://app.hubspot.com',
  GOOGLE_ISSUER_URL: 'https://accounts.google.com',
  META_GRAPH_URL: 'https://graph.facebook.com',
  TELEGRAM_API_URL: 'https://api.telegram.org',
  TWILIO_API_URL: 'https://api.twilio.com',
  TWILIO_MESSAGING_URL: 'https://messaging.twilio.com',
} as const;
type HostKey = keyof typeof HOSTS;

const key32 = (text: string): Uint8Array | undefined => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes : undefined;
};

/** `env`: process.env, handed in by main.ts and the CLI. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  const note = (key: string, problem: string) => problems.push(`${key}: ${problem}`);
  const settings = readPlain(env, note);
  const hosts = readHosts(env, note);
  const config: Config = {
    ...settings,
    keys: readKeys(env, note),
    rateLimits: readRateLimits(env, note),
    ...readPlatforms(env, hosts, note),
    ...readPeople(env, hosts, note),
    meta: {
      graphUrl: hosts.META_GRAPH_URL as string,
      appSecrets: list(env.META_APP_SECRET),
      ...(env.META_APP_ID ? { appId: env.META_APP_ID } : {}),
      ...(env.META_VERIFY_TOKEN ? { verifyToken: env.META_VERIFY_TOKEN } : {}),
    },
    telegramApiUrl: hosts.TELEGRAM_API_URL as string,
    twilio: { apiUrl: hosts.TWILIO_API_URL as string, messagingUrl: hosts.TWILIO_MESSAGING_URL as string },
    configuredHosts: Object.keys(HOSTS)
      .filter((key) => env[key] && URL.canParse(env[key]))
      .map((key) => new URL(hosts[key as HostKey] as string).hostname),
  };
  if (problems.length > 0)
    throw new ConfigError(
      `Octopods cannot start:\n${problems.map((line) => `  - ${line}`).join('\n')}\nSee docs/running.md.`,
    );
  return config;
}

type Note = (key: string, problem: string) => void;

function readRateLimits(env: Record<string, string | undefined>, note: Note): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const item of list(env.RATE_LIMITS)) {
    const [, name, perSecond] = /^([a-z_]+(?:\.[a-z]+)?)=(\d+(?:\.\d+)?)$/.exec(item) ?? [];
    if (name && Number(perSecond) > 0) limits[name] = Number(perSecond);
    else note('RATE_LIMITS', `"${item}" is not like telegram=100 (calls a second)`);
  }
  return limits;
}

function readPlain(env: Record<string, string | undefined>, note: Note) {
  const port = z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .safeParse(env.PORT ?? '8080');
  if (!port.success) note('PORT', 'is not a port number (0–65535)');
  const publicUrl = (env.PUBLIC_URL ?? `http://localhost:${port.data ?? 8080}`).replace(/\/+$/, '');
  checkPublicUrl('PUBLIC_URL', publicUrl, note);
  const databaseUrl = env.DATABASE_URL ?? 'sqlite:./data/octopods.db';
  if (!/^(sqlite:.|postgres(ql)?:\/\/.)/.test(databaseUrl))
    note('DATABASE_URL', 'must be "sqlite:PATH" or "postgres://USER:PASSWORD@HOST/DATABASE"');
  const mediaUrl = env.MEDIA_URL ?? 'file:./data/media';
  if (!mediaUrl.startsWith('file:'))
    note('MEDIA_URL', 'must begin with "file:" (s3 is not supported by this version yet)');
  const level = env.LOG_LEVEL ?? 'info';
  if (!['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].includes(level))
    note('LOG_LEVEL', `"${level}" is not one of fatal, error, warn, info, debug, trace, silent`);
  const trustProxy = Number(env.TRUST_PROXY ?? '0');
  if (!Number.isInteger(trustProxy) || trustProxy < 0)
    note('TRUST_PROXY', 'is not the number of proxies in front');
  return {
    port: port.success ? port.data : 0,
    host: env.HOST ?? '127.0.0.1',
    publicUrl,
    databaseUrl,
    mediaFolder: mediaUrl.slice('file:'.length),
    mediaOrigin: (env.MEDIA_ORIGIN ?? publicUrl).replace(/\/+$/, ''),
    keep: readKeep(env, note),
    logLevel: level,
    trustProxy,
    allowPrivateHosts: env.ALLOW_PRIVATE_HOSTS === '1',
  };
}

const DAY_MS = 24 * 3_600_000;
/** Meta repeats a webhook for up to seven days: what says that it is known already must outlive that. */
const DEDUPE_DAYS = 8;

function readKeep(env: Record<string, string | undefined>, note: Note): Config['keep'] {
  // An empty value is none, and certainly not "erase at once".
  const content = Number(env.RETENTION_DAYS?.trim() || '7');
  const ledger = Number(env.LEDGER_DAYS?.trim() || '400');
  if (!(content >= 0 && content <= 3_650)) note('RETENTION_DAYS', 'is not a number of days (0–3650)');
  if (!(ledger >= DEDUPE_DAYS && ledger <= 36_500))
    note('LEDGER_DAYS', `is not a number of days (at least ${DEDUPE_DAYS}: duplicates may come for seven)`);
  else if (ledger < content) note('LEDGER_DAYS', 'is less than RETENTION_DAYS');
  return { contentMs: content * DAY_MS, ledgerMs: ledger * DAY_MS };
}

/** https, or http on loopback: cookies and signatures depend on it. */
function checkPublicUrl(key: string, url: string, note: Note): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (
    !parsed ||
    (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback(parsed.hostname)))
  )
    note(key, `"${url}" must be an https URL (http only on localhost)`);
  else if (parsed.pathname !== '/' || parsed.search !== '') note(key, 'must be an origin without a path');
}

function readKeys(env: Record<string, string | undefined>, note: Note): Uint8Array[] {
  const given = list(env.OCTOPODS_KEYS);
  if (given.length === 0) {
    note(
      'OCTOPODS_KEYS',
      'is missing: base64 of 32 random bytes, for example from "openssl rand -base64 32"',
    );
    return [];
  }
  const keys = given.map(key32);
  keys.forEach((key, index) => {
    if (!key) note('OCTOPODS_KEYS', `entry ${index + 1} is not base64 of exactly 32 bytes`);
  });
  return keys.filter((key) => key !== undefined);
}

function readHosts(env: Record<string, string | undefined>, note: Note): Record<HostKey, string | undefined> {
  const hosts = Object.entries(HOSTS).map(([key, fallback]) => {
    const value = (env[key] ?? fallback)?.replace(/\/+$/, '');
    if (value !== undefined) checkHost(key, value, env.ALLOW_PRIVATE_HOSTS === '1', note);
    return [key, value];
  });
  return Object.fromEntries(hosts);
}

function checkHost(key: string, value: string, allowPrivate: boolean, note: Note): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) note(key, `"${value}" is not a URL`);
  else if (!allowPrivate && (url.protocol === 'http:' || isLoopback(url.hostname)))
    note(key, `"${value}" is not https, or a private address: set ALLOW_PRIVATE_HOSTS=1 to allow it`);
}

function readPlatforms(
  env: Record<string, string | undefined>,
  hosts: Record<HostKey, string | undefined>,
  note: Note,
): Pick<Config, 'intercom' | 'hubspot'> {
  for (const name of ['INTERCOM', 'HUBSPOT', 'GOOGLE'])
    for (const [one, other] of [
      ['CLIENT_ID', 'CLIENT_SECRET'],
      ['CLIENT_SECRET', 'CLIENT_ID'],
    ])
      if (env[`${name}_${one}`] && !env[`${name}_${other}`])
        note(`${name}_${other}`, `is missing beside ${name}_${one}`);
  return {
    ...(env.INTERCOM_CLIENT_ID
      ? {
          intercom: {
            clientId: env.INTERCOM_CLIENT_ID,
            clientSecrets: list(env.INTERCOM_CLIENT_SECRET),
            appUrl: hosts.INTERCOM_APP_URL as string,
            ...(hosts.INTERCOM_API_URL ? { apiUrl: hosts.INTERCOM_API_URL } : {}),
          },
        }
      : {}),
    ...(env.HUBSPOT_CLIENT_ID
      ? {
          hubspot: {
            clientId: env.HUBSPOT_CLIENT_ID,
            clientSecrets: list(env.HUBSPOT_CLIENT_SECRET),
            apiUrl: hosts.HUBSPOT_API_URL as string,
            appUrl: hosts.HUBSPOT_APP_URL as string,
            ...(env.HUBSPOT_APP_ID ? { appId: env.HUBSPOT_APP_ID } : {}),
            ...(env.HUBSPOT_DEVELOPER_API_KEY ? { developerApiKey: env.HUBSPOT_DEVELOPER_API_KEY } : {}),
          },
        }
      : {}),
  };
}

/** How people sign in besides the platforms. */
function readPeople(
  env: Record<string, string | undefined>,
  hosts: Record<HostKey, string | undefined>,
  note: Note,
): Pick<Config, 'google' | 'mail'> {
  const { GOOGLE_CLIENT_ID: clientId, GOOGLE_CLIENT_SECRET: clientSecret = '' } = env;
  return {
    ...(clientId ? { google: { clientId, clientSecret, issuerUrl: hosts.GOOGLE_ISSUER_URL as string } } : {}),
    ...(env.SMTP_URL ? { mail: readMail(env.SMTP_URL, env.MAIL_FROM, note) } : {}),
  };
}

function readMail(url: string, from: string | undefined, note: Note): { url: string; from: string } {
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol))
    note('SMTP_URL', 'must begin with "smtp://" or "smtps://"');
  if (!from?.includes('@'))
    note('MAIL_FROM', 'is the address that mails come from; it is needed beside SMTP_URL');
  return { url, from: from ?? '' };
}

/** Keys that say that someone means to serve for real; without any of them `npm start` opens the playground. */
const REAL_KEYS = [
  'OCTOPODS_KEYS',
  'INTERCOM_CLIENT_ID',
  'INTERCOM_CLIENT_SECRET',
  'HUBSPOT_CLIENT_ID',
  'HUBSPOT_CLIENT_SECRET',
  'META_APP_ID',
  'META_APP_SECRET',
  'META_VERIFY_TOKEN',
];

/** A simulator never runs in production by accident. */
export function meansToServeForReal(env: Record<string, string | undefined>): boolean {
  return (
    REAL_KEYS.some((key) => env[key]) ||
    (env.DATABASE_URL ?? '').startsWith('postgres') ||
    (env.PUBLIC_URL ?? '').startsWith('https:') ||
    (env.HOST !== undefined && !isLoopback(env.HOST))
  );
}
