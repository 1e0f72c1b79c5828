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

function procFile(pid: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
