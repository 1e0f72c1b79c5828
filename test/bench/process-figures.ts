/** What Linux tells of another process; NaN elsewhere. */
import { readFileSync } from 'node:fs';

/** Resident memory, MB. */
export function rssMb(pid: number | undefined): number {
  const status = procFile(pid, 'status');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Processor time that it has used so far, ms: what else the machine does lengthens it less than the wall's time. */
export function cpuMs(pid: number | undefined): number {
  // Behind the name in brackets; fields 14 and 15 of proc(5), in ticks of a hundredth of a second.
  const fields = procFile(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Half a second in which it uses a sixteenth of a processor at most counts as rest; elsewhere than on Linux at once. */
const REST_MS = 500;
const RESTS = REST_MS / 16;

/** Resolves when it has nothing left to do: what one round left behind is not to weigh on the next one. */
export async function untilAtRest(pid: number | undefined): Promise<void> {
  let used = Number.POSITIVE_INFINITY;
  while (used > RESTS) {
    const before = cpuMs(pid);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    used = cpuMs(pid) - before;
  }
}

function procFile(pid: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
