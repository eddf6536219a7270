import { readFileSync, writeFileSync } from 'node:fs';

/** The most memory this process ever held, in MB. */
export function ownPeak(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** The most memory another process held since it began, or since `forgetPeak`, in MB, as Linux tells it. */
export function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** Lets the peak of another process be counted anew from what it holds now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
