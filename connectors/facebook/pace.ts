import { setTimeout as delay } from 'node:timers/promises';
import { waited } from '../waits.ts';
import type { Usage } from './usage.ts';

/** Time as the pace sees it; tests hand in their own. `wait` ends early, with an error, when the signal aborts. */
export type Clock = { now(): number; wait(ms: number, signal: AbortSignal): Promise<unknown> };

const HOUR_MS = 3_600_000;
/** A longer wait than this is left to the next run. */
export const LONGEST_WAIT_MS = 120_000;
/** Where Meta states no time it wants more than five minutes (code 613); doubled with each refusal in a row. */
const FIRST_BLOCK_MS = 6 * 60_000;

/** Percent of a budget from which what calls cost is watched. */
const WATCH_FROM = 80;
/** Percent at which calls all but stop, less what one takes: Meta tells whole percents, so 99 may be nearly 100. */
const STOP_AT = 99;
/** Calls are spaced out over so many percent before that. */
const MARGIN = 3;
/** Percent of the budget that a call takes at the lowest access tier: one of 5,000. */
const LEAST_COST = 0.02;

/** What this process knows of one budget: an ad account's, or an app's. */
type Standing = {
  /** Milliseconds since 1970; no call before. */
  closed_until: number;
  /** Where calls are spaced out: milliseconds since 1970 at which the next one is due, and between two. */
  due: number;
  gap: number;
  /** Refusals since the last call that was let through. */
  refusals: number;
  /** Percent used when it began to be watched, and calls since. */
  from?: number;
  calls: number;
  /** The one call that is let through after a refusal, until it is answered. */
  trial?: Promise<void>;
};

const standings = new Map<string, Standing>();

export type BudgetName = 'account' | 'app';

export type Pace = {
  /**
   * Waits until a call may be made. After a refusal one call goes first, and the others wait for its answer.
   * @returns to be called when the call has ended
   * @throws Closed where that would take longer than a run waits
   */
  turn(): Promise<() => void>;
  /** Takes in what an answer says. @param refused the budget Meta says is used up */
  heard(usage: Record<BudgetName, Usage>, refused?: BudgetName): void;
  /** Milliseconds until the next call may be made. */
  wait_ms(): number;
};

/** Thrown instead of a call that Meta would refuse. */
export class Closed extends Error {
  override readonly name = 'Closed';
}

/**
 * Keeps calls within Meta's hourly budgets. What is known is shared by every destination of this process that has the
 * same budget, since a call during a block lengthens it.
 *
 * @param keys names of the two budgets, unique within the process, without secrets
 */
export function openPace(
  keys: Record<BudgetName, string>,
  signal: AbortSignal,
  clock: Clock = { now: Date.now, wait: (ms, signal) => delay(ms, undefined, { signal }) },
): Pace {
  const budgets = { account: standingOf(keys.account), app: standingOf(keys.app) };
  const all = Object.values(budgets);
  const wait_ms = () =>
    Math.max(...all.flatMap(({ closed_until, due }) => [closed_until, due])) - clock.now();

  return {
    wait_ms,

    async turn() {
      for (;;) {
        const ms = wait_ms();
        const trial = all.find((budget) => budget.trial !== undefined)?.trial;
        if (ms > LONGEST_WAIT_MS) throw new Closed();
        if (ms > 0) {
          await clock.wait(ms, signal);
          waited('facebook', ms);
        } else if (trial) await trial;
        else break;
      }
      for (const budget of all) budget.due = clock.now() + budget.gap;
      const doubtful = all.filter(({ refusals }) => refusals > 0);
      if (doubtful.length === 0) return () => {};
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const budget of doubtful) budget.trial = promise;
      return () => {
        for (const budget of doubtful) budget.trial = undefined;
        resolve();
      };
    },

    heard(usage, refused) {
      // A refusal says nothing of the other budget.
      const named = refused ? [refused] : (['account', 'app'] as const);
      for (const name of named) {
        const budget = budgets[name];
        const pause = refused ? block(budget, usage[name]) : usage[name].regain_ms;
        budget.closed_until = Math.max(budget.closed_until, clock.now() + pause);
        if (refused) continue;
        budget.gap = gapAfter(budget, usage[name]);
        budget.due = clock.now() + budget.gap;
      }
    },
  };
}

function standingOf(key: string): Standing {
  const known = standings.get(key) ?? { closed_until: 0, due: 0, gap: 0, refusals: 0, calls: 0 };
  standings.set(key, known);
  return known;
}

/** The stated time; where there is none, or it was not enough the last time, minutes that double. */
function block(budget: Standing, { regain_ms }: Usage): number {
  budget.refusals += 1;
  if (regain_ms > 0 && budget.refusals === 1) return regain_ms;
  return Math.max(regain_ms, Math.min(HOUR_MS, FIRST_BLOCK_MS * 2 ** (budget.refusals - 1)));
}

/**
 * Milliseconds between calls. The budget is a rolling hour's: of one that was used evenly, a call's share grows back in
 * 36 seconds for each percent it takes, so that this settles at 98 percent; of one used all at once nothing does, and
 * this stops short of its end.
 */
function gapAfter(budget: Standing, { used, regain_ms }: Usage): number {
  budget.refusals = 0;
  if (budget.from === undefined || used < WATCH_FROM) Object.assign(budget, { from: used, calls: 0 });
  else budget.calls += 1;
  if (regain_ms > 0) return 0;
  const cost = Math.max(LEAST_COST, (used - (budget.from ?? used)) / Math.max(1, budget.calls));
  const end = STOP_AT - cost;
  const urgency = Math.max(0, used - (end - MARGIN)) / Math.max(0, end - used);
  return Math.min(LONGEST_WAIT_MS, urgency * cost * (HOUR_MS / 100));
}
