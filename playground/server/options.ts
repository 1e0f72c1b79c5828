/** What the environment says about the playground: its port, its address, where it keeps its folder. */
import { resolve } from 'node:path';

export interface Options {
  port: number;
  /** Where it listens; `localhost` is both loopback addresses, because browsers and Node choose differently. */
  addresses: string[];
  /** As it stands in URLs. */
  hostname: string;
  /** The playground's own folder; nothing of a real installation is in it. */
  folder: string;
  /** A file to which every call that reaches a simulated system is appended, one JSON a line. */
  recordTo?: string;
}

/** Said instead of a stack trace; the process ends with 1. */
export class CannotOpen extends Error {
  override name = 'CannotOpen';
}

const LISTENS: Record<string, Pick<Options, 'addresses' | 'hostname'>> = {
  localhost: { addresses: ['127.0.0.1', '::1'], hostname: 'localhost' },
  '127.0.0.1': { addresses: ['127.0.0.1'], hostname: '127.0.0.1' },
  '::1': { addresses: ['::1'], hostname: '[::1]' },
  '[::1]': { addresses: ['::1'], hostname: '[::1]' },
};

/** `env`: process.env, handed in by main.ts. Throws `CannotOpen`. */
export function readOptions(env: Record<string, string | undefined>): Options {
  const host = env.HOST || 'localhost';
  const listens = LISTENS[host];
  if (!listens)
    throw new CannotOpen(
      `The playground is for this machine only: HOST may be localhost, 127.0.0.1 or ::1, not ${host}.\n` +
        'To serve for real, set OCTOPODS_KEYS and the platforms’ keys; docs/running.md names them.',
    );
  const port = Number(env.PORT || '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CannotOpen(`PORT is not a port number (0–65535): ${env.PORT}`);
  return {
    ...listens,
    port,
    folder: resolve('data/playground'),
    ...(env.PLAYGROUND_RECORD_CALLS ? { recordTo: resolve(env.PLAYGROUND_RECORD_CALLS) } : {}),
  };
}
