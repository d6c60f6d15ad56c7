import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

/** What /proc counts processor time in: USER_HZ, 100 on every Linux of today. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process so far, all its threads, ms. */
export function processorMs(pid: number): number {
  // Behind the name, which may hold anything but ends with the last bracket.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb ?? 0) / 1_024;
}

/** What the figures were measured on; others may work on it too. */
export const machine = (): string =>
  `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.versions.node}, load ${(loadavg()[0] ?? 0).toFixed(1)}`;
