/** Work beside the runs, each kind of it never twice at a time. */
export type Upkeep = {
  /** Begins what its time has come for; it goes on while this returns. */
  look(at: { now: number; idle: boolean; news: boolean }): void;
  /** Resolves once nothing is under way. */
  end(): Promise<void>;
};

/** Conditions that no run tells of (a time that passed, an audience that grows old) are looked for so often. */
const ALERTS_MS = 60_000;
const TIDY_MS = 24 * 60 * 60_000;

/**
 * @param work neither may throw. `alerts` is looked after every minute and whenever there is news, `tidy` once a day
 *   while nothing runs
 */
export function upkeep(work: { alerts(): Promise<void>; tidy(): Promise<void> }): Upkeep {
  const alerts = onceAtATime(work.alerts);
  const tidy = onceAtATime(work.tidy);
  return {
    look({ now, idle, news }) {
      // A clock put back makes the last time one to come.
      if (news || Math.abs(now - alerts.begun) >= ALERTS_MS) alerts.begin(now);
      if (idle && Math.abs(now - tidy.begun) >= TIDY_MS) tidy.begin(now);
    },
    end: async () => {
      await Promise.all([alerts.end(), tidy.end()]);
    },
  };
}

/** What is asked for while it goes on is done once more after it. */
function onceAtATime(work: () => Promise<void>) {
  let under_way: Promise<void> | undefined;
  let again = false;
  const one = {
    begun: -Infinity,
    begin(now: number): void {
      one.begun = now;
      if (under_way) again = true;
      else
        under_way = work().finally(() => {
          under_way = undefined;
          if (again) one.begin(now);
          again = false;
        });
    },
    end: async () => {
      again = false;
      await under_way;
    },
  };
  return one;
}
