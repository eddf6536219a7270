/** The time of day of this process, put forward by hand; timers and `performance.now` go on as ever. */
export type SimulatedClock = {
  advance(milliseconds: number): void;
  /** Milliseconds since 1970 by the real clock. */
  real(): number;
  restore(): void;
};

export function simulateClock(): SimulatedClock {
  const RealDate = Date;
  let ahead = 0;
  class SimulatedDate extends RealDate {
    constructor(...given: [] | [string | number | Date]) {
      if (given.length === 0) super(RealDate.now() + ahead);
      else super(...(given as [number]));
    }
    static override now(): number {
      return RealDate.now() + ahead;
    }
  }
  globalThis.Date = SimulatedDate as DateConstructor;
  return {
    advance: (milliseconds) => (ahead += milliseconds),
    real: () => RealDate.now(),
    restore: () => (globalThis.Date = RealDate),
  };
}
