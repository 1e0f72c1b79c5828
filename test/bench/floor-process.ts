/** The floor in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FLOOR = fileURLToPath(new URL('floor.ts', import.meta.url));

export async function startFloor(
  database: string,
  secret: string,
): Promise<{ port: number; pid: number | undefined; stop(): void }> {
  const child = spawn(process.execPath, [FLOOR, database, secret], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  return { port: Number(String(port)), pid: child.pid, stop: () => void child.kill('SIGKILL') };
}
