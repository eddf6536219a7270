import { DateTime } from 'luxon';

/** The finest step at which any zone changes its clocks. */
export const QUARTER_MS = 15 * 60_000;
const KEPT_QUARTERS = 10_000;

/**
 * What local times are ahead of UTC, in milliseconds. An hour that the clocks leave out is read as the one after it.
 * Answers are kept by quarter of an hour, because asking the calendar costs more than the rest.
 * @param timezone IANA zone
 * @returns reads a local time, in milliseconds as if it were UTC
 */
export function localOffsets(timezone: string): (localMs: number) => number {
  const offsets = new Map<number, number>();
  return (localMs) => {
    const quarter = Math.floor(localMs / QUARTER_MS);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      const wall = DateTime.fromMillis(quarter * QUARTER_MS, { zone: 'utc' });
      offset = quarter * QUARTER_MS - wall.setZone(timezone, { keepLocalTime: true }).toMillis();
      if (offsets.size === KEPT_QUARTERS) offsets.clear();
      offsets.set(quarter, offset);
    }
    return offset;
  };
}
