import type { Io, Log } from '../../server/core/adapter.ts';
import { type ScriptedHttp, scriptedHttp } from './scripted-http.ts';

/** 2026-11-02T10:00:00Z: the hour at which tests begin. */
export const TEST_NOW = Date.UTC(2026, 10, 2, 10);

export interface TestIo extends Io {
  http: ScriptedHttp;
  clock: { now(): number; advance(ms: number): void };
  /** What was logged, so that a test can look for secrets in it. */
  logged: { level: 'info' | 'warn' | 'error'; fields: Record<string, unknown>; message: string }[];
}

/** An adapter's whole world: a scripted http, a clock that stands still until told, a log that stays quiet. */
export function testIo(now = TEST_NOW): TestIo {
  let time = now;
  const logged: TestIo['logged'] = [];
  const at =
    (level: 'info' | 'warn' | 'error'): Log['info'] =>
    (fields, message) => {
      logged.push({ level, fields, message });
    };
  return {
    http: scriptedHttp(),
    clock: {
      now: () => time,
      advance: (ms) => {
        time += ms;
      },
    },
    log: { info: at('info'), warn: at('warn'), error: at('error') },
    logged,
  };
}
