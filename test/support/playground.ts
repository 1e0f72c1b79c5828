/** The playground as a person starts it: a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { ActionName, Actions, Snapshot } from '../../playground/page/api.ts';
import { freePort } from '../../playground/town/product.ts';

const START = fileURLToPath(new URL('../../start.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;

export interface Started {
  /** The process's own words, both streams. */
  output(): string;
  /** Resolves with its exit code; null when a signal ended it. */
  ended: Promise<number | null>;
  child: ChildProcess;
  folder: string;
}
export interface RunningPlayground extends Started {
  origin: string;
  state(): Promise<Snapshot>;
  act<Name extends ActionName>(
    name: Name,
    body: Actions[Name]['body'],
  ): Promise<{ status: number; json: unknown }>;
  /** As Ctrl+C does; answers the exit code. */
  stop(): Promise<number | null>;
}

/** `node start.ts` with nothing in its environment but what is given. */
export function start(env: Record<string, string>): Started {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-start-'));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', START], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += String(chunk);
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { output: () => output, ended, child, folder };
}

export async function startPlayground(): Promise<RunningPlayground> {
  const port = await freePort();
  const started = start({ PORT: String(port), PLAYGROUND_RECORD_CALLS: inject('callsFile') });
  const origin = `http://localhost:${port}`;
  await untilReady(started);
  return {
    ...started,
    origin,
    state: async () => (await fetch(`${origin}/playground/api/state`)).json() as Promise<Snapshot>,
    act: async (name, body) => {
      const response = await fetch(`${origin}/playground/api/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, json: await response.json() };
    },
    stop: async () => {
      started.child.kill('SIGTERM');
      const code = await started.ended;
      rmSync(started.folder, { recursive: true, force: true });
      return code;
    },
  };
}

async function untilReady({ output, ended, child }: Started): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!output().includes('Ready after')) {
    if (over || Date.now() > until || output().includes('could not set itself up')) {
      child.kill('SIGTERM');
      throw new Error(`the playground did not become ready:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
