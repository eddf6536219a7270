import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ownerPid } from '../engine/state-dir.ts';
import type { Played } from './play.ts';
import type { Stand } from './stand.ts';
import type { Blow, Point } from './story.ts';

/** Notes that answers may be lost from what was sent before. */
export function hurt({ stand, hurts }: Played, what: Blow['what']): void {
  hurts.push({ what, exchanges: stand.shop.sandbox.exchanges.length });
}

/** Does to the machine what the story says. */
export function hit(played: Played, blow: Blow): void {
  const { stand } = played;
  const { process: child } = stand.daemon!;
  hurt(played, blow.what);
  if (blow.what === 'kill') child.kill('SIGKILL');
  if (blow.what === 'terminate') child.kill('SIGTERM');
  if (blow.what === 'jump') stand.moveClock(blow.hours);
  if (blow.what === 'fill_disk') fillDisk(stand);
  if (blow.what === 'sleep') {
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), blow.ms);
  }
  if (blow.what === 'kill_engine') {
    const pid = ownerPid(stand.state);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }
}

/** What a blow is counted as. */
export function nameOf(point: Point): string {
  return 'stage' in point ? `${point.stage} ${point.at}` : point.at;
}

const filler = ({ state }: Stand) => join(state, 'filler');

/** Leaves not a byte on the store's disk. */
function fillDisk(stand: Stand): void {
  const file = openSync(filler(stand), 'w');
  try {
    for (let size = 1 << 20; size >= 512; size >>= 1) {
      try {
        for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
      } catch {
        // So much does not fit any more.
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Makes room on the store's disk. */
export function freeDisk(stand: Stand): void {
  rmSync(filler(stand), { force: true });
}
