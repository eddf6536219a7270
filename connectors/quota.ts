/** At most so many requests within so many milliseconds. */
export type Window = { requests: number; ms: number };

/** What a platform says of a quota beside its answer. */
export type Told = {
  /** To stay away for so long. */
  wait_ms?: number;
  /** What its windows hold in truth; each stands for the known one of that length. */
  windows?: readonly Window[];
  /** What is left of a window for everybody with a key of the account, and how long that window lasts. */
  left?: { requests: number; ms: number };
  /** That too many requests were under way at the same time. */
  crowded?: boolean;
};

export type Quota = ReturnType<typeof quota>;

/** Platforms tell their times in whole seconds; a window that ends this much later is another one. */
const ROUNDING_MS = 2_000;

/**
 * The quota of one endpoint: several windows at once, whose starts only the platform knows. It counts a request at some
 * moment between sending and answer. Wherever that is, two requests are counted no closer to each other than the
 * second's sending is to the first's answer, and as much further as the way there and back takes at least: so a place
 * is free again a window after the answer, less the time of the fastest answer. The one thing that breaks this is a way
 * there that changes much. The first requests open connections, which those after them find open: so nothing is taken
 * off before answers came to others, and nothing any more should the platform refuse a request.
 */
export function quota(given: readonly Window[]) {
  const windows = given.map((window) => ({ ...window }));
  /** When answers came, oldest first. */
  const answered: number[] = [];
  let open = 0;
  /** How many answers there were. */
  let seen = 0;
  let fastest = Infinity;
  let careful = false;
  let blockedUntil = -Infinity;
  /** What was left of a window after the last of the answered requests that the platform counted in it. */
  let share: { left: number; until: number } | undefined;

  /** Milliseconds until the next request may go; Infinity where an answer has to come first. */
  function wait(now: number): number {
    let from = Math.max(now, blockedUntil);
    const first = Math.min(...windows.map((window) => window.requests));
    const way = careful || seen <= first ? 0 : fastest;
    for (const { requests, ms } of windows) {
      const places = requests - open;
      if (places <= 0) return Infinity;
      const leaving = answered.at(-places);
      if (leaving !== undefined) from = Math.max(from, leaving + ms - way);
    }
    // Whether those under way are counted in it already is not known.
    if (share && share.left <= open) from = Math.max(from, share.until);
    return from - now;
  }

  function begin(): void {
    open += 1;
  }

  /** @param began when the request that is answered now was sent */
  function end(now: number, told: Told, began: number): void {
    open -= 1;
    seen += 1;
    fastest = Math.min(fastest, now - began);
    const longest = Math.max(...windows.map((window) => window.ms));
    while (answered[0] !== undefined && answered[0] + longest <= now) answered.shift();
    if (told.wait_ms === undefined) answered.push(now);
    else {
      // What was refused is not counted.
      careful = true;
      blockedUntil = Math.max(blockedUntil, now + told.wait_ms);
    }
    for (const window of told.windows ?? []) correct(window);
    if (told.left) take(now, told.left);
    else if (share && told.wait_ms === undefined) share.left -= 1;
  }

  /** A number that a shorter window has already is that window's, whatever it was told for. */
  function correct({ requests, ms }: Window): void {
    const known = windows.find((window) => window.ms === ms);
    const shorter = windows.filter((window) => window.ms < ms).map((window) => window.requests);
    if (known && requests > Math.max(0, ...shorter)) known.requests = requests;
  }

  /** Answers may overtake each other; within a window the one with the least left was counted last. */
  function take(now: number, { requests, ms }: { requests: number; ms: number }): void {
    const until = now + ms;
    const same = share && now < share.until && until <= share.until + ROUNDING_MS ? share : undefined;
    share = {
      left: Math.min(same?.left ?? Infinity, requests),
      until: Math.min(same?.until ?? Infinity, until),
    };
  }

  return { wait, begin, end };
}
