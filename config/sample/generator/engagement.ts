import { DAY, DAYS, FIRST_DAY } from './calendar.ts';
import type { Customer } from './customers.ts';
import type { Random } from './random.ts';

const HOUR = 3_600_000;

/** A newsletter goes out every thirty days of the last twelve months. */
const NEWSLETTERS = Array.from({ length: 12 }, (_, month) => DAYS - 355 + 30 * month);

/** A customer who has been away for this many days reads half as many newsletters. */
const AWAY_DAYS = 365;

type Done = { type: string; day: number; hour: number };

/** What customers did in the last twelve months beside buying and visiting: opens, clicks, reviews, referrals. */
export function drawEngagement(
  random: Random,
  customers: readonly Customer[],
): Record<'type' | 'at' | 'email', string>[] {
  return customers
    .flatMap((customer) => {
      const done = [...readLetters(random, customer), ...spokenOf(random, customer)];
      return customer.email ? done.map((event) => ({ ...event, email: customer.email! })) : [];
    })
    .map(({ type, day, hour, email }) => ({ type, at: FIRST_DAY + day * DAY + hour * HOUR, email }))
    .sort((a, b) => a.at - b.at)
    .map(({ type, at, email }) => ({ type, at: new Date(at).toISOString().replace(':00.000Z', 'Z'), email }));
}

/** Each reader opens a share of the newsletters of their own, and follows a link in one of six. */
function readLetters(random: Random, { newsletter, days }: Customer): Done[] {
  const keen = 0.5 * random.next() ** 2;
  return NEWSLETTERS.flatMap((day) => {
    const reads = newsletter && day >= newsletter.from && day < newsletter.until && day > days[0]!;
    const lately = days.some((bought) => bought <= day && day - bought < AWAY_DAYS);
    if (!reads || !random.chance(lately ? keen : keen / 2)) return [];
    const opened = { type: 'open', day, hour: random.whole(5, 20) };
    return random.chance(1 / 6) ? [opened, { ...opened, type: 'click' }] : [opened];
  });
}

/** One purchase in twelve is reviewed a fortnight later, and one in forty brings a friend. */
function spokenOf(random: Random, { days }: Customer): Done[] {
  return days.flatMap((bought) => {
    const spoken: Done[] = [];
    const day = bought + 14;
    if (random.chance(1 / 12)) spoken.push({ type: 'review', day, hour: random.whole(5, 20) });
    if (random.chance(1 / 40)) spoken.push({ type: 'referral', day, hour: random.whole(5, 20) });
    return day > DAYS - 365 && day < DAYS ? spoken : [];
  });
}
