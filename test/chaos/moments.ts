import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { STAGES, type Point } from './story.ts';

/** Tells when a run comes to a point. One point is waited for at a time. */
export type Moments = {
  /** From here on, calls once when the point is reached. */
  at(point: Point, action: () => void): void;
  /** Waits for no point any more. @returns whether the last one was reached */
  disarm(): boolean;
  /** A line of the log. */
  said(message: string): void;
  /** A request that writes. @returns whether something happened */
  wrote(side: 'before' | 'taken' | 'answered'): boolean;
  close(): void;
};

/** @param state directory of the store, whose inserts pass through files that tell how far a run is */
export function openMoments(state: string): Moments {
  let awaited: { point: Point; action(): void } | undefined;
  let reached = false;
  let writes = 0;
  const inserts = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  function reach(ms: number): true {
    const { action } = awaited!;
    awaited = undefined;
    const act = () => {
      reached = true;
      action();
    };
    if (ms === 0) act();
    else timers.add(setTimeout(act, ms));
    return true;
  }

  const spool = join(state, 'spool');
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const watcher = watch(spool, (_, name) => {
    if (!name?.endsWith('.rows') || inserts.has(name)) return;
    inserts.add(name);
    const point = awaited?.point;
    if (point?.at === 'stored' && inserts.size >= point.insert) reach(0);
    // The first insert tells that a run has begun.
    if (point?.at === 'begun' && point.stage === STAGES[0]) reach(point.ms);
    if (point?.at === 'random') reach(point.ms);
  });

  return {
    at(point, action) {
      awaited = { point, action };
      reached = false;
      writes = 0;
      inserts.clear();
    },
    disarm() {
      awaited = undefined;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      return reached;
    },
    said(message) {
      const point = awaited?.point;
      if (point?.at === 'ended' && message === point.stage) reach(point.ms);
      if (point?.at === 'begun' && message === STAGES[STAGES.indexOf(point.stage) - 1]) reach(point.ms);
      if (point?.at === 'reported' && message === 'run finished') reach(0);
    },
    wrote(side) {
      if (side === 'before') writes += 1;
      const point = awaited?.point;
      if (point?.at !== side || writes < point.write) return false;
      return reach(side === 'answered' ? point.ms : 0);
    },
    close: () => watcher.close(),
  };
}
