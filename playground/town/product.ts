/** Octopods itself, as a process of its own: started, killed and started again from outside, like anywhere else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TREE = fileURLToPath(new URL('../..', import.meta.url));
/** As `npm start` has it: without a limit, V8 sets aside 130 MB for what lives for a moment. */
const FLAGS = ['--max-semi-space-size=16', '--disable-warning=ExperimentalWarning'];
const READY_WITHIN_MS = 20_000;

export class Product extends EventEmitter {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Everything it has written, for tests that look for secrets; the last 5 MB. */
  output = '';
  kills = 0;
  /** How the last process ended. */
  exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  state: 'running' | 'restarting' | 'stopped' = 'stopped';
  readonly #env: Record<string, string>;
  readonly #main: string;
  #child: ChildProcess | undefined;

  /** `env`: the environment of docs/running.md; PORT must be in it. `tree`: another copy of the code than this one. */
  constructor(env: Record<string, string>, tree = TREE) {
    super();
    this.#env = env;
    this.#main = join(tree, 'server/main.ts');
    this.url = `http://127.0.0.1:${env.PORT}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<this> {
    this.#become('restarting');
    const child = spawn(process.execPath, [...FLAGS, this.#main], {
      env: { PATH: process.env.PATH ?? '', ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => this.#heard(String(chunk)));
    child.once('exit', () => this.#child === child && this.#become('stopped'));
    await this.#untilReady(child);
    this.#become('running');
    return this;
  }

  /** kill -9: nothing is finished, nothing is said. */
  async kill(): Promise<void> {
    this.kills += 1;
    await this.#end('SIGKILL');
  }
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const [code, ended] = (await gone) as [number | null, NodeJS.Signals | null];
    this.exit = { code, signal: ended };
    this.#become('stopped');
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const until = Date.now() + READY_WITHIN_MS;
    while (Date.now() < until) {
      if (child.exitCode !== null) throw new Error(`Octopods did not start:\n${this.output.slice(-4_000)}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`Octopods was not ready in time:\n${this.output.slice(-4_000)}`);
  }

  #heard(text: string): void {
    this.output = (this.output + text).slice(-5_000_000);
    this.emit('output', text);
  }
  #become(state: Product['state']): void {
    this.state = state;
    this.emit('change');
  }
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
