/**
 * Loaded before the daemon with `node --import`: shifts its clock by the milliseconds that the file in `CHAOS_CLOCK`
 * holds, also while it runs. Timers keep the machine's pace, as they do where a clock is set.
 */
import { readFileSync } from 'node:fs';

const file = process.env.CHAOS_CLOCK;
/** Looked at again after so long. */
const FRESH_MS = 20;

const RealDate = Date;
let offset = 0;
let looked = -Infinity;

function now(): number {
  if (file !== undefined && performance.now() - looked > FRESH_MS) {
    looked = performance.now();
    try {
      offset = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // It is being written anew.
    }
  }
  return RealDate.now() + offset;
}

// A proxy, so that dates which Node makes itself are still dates.
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], made) =>
    Reflect.construct(target, given.length > 0 ? given : [now()], made) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
});
