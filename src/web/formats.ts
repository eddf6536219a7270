import { DateTime } from 'luxon';

/** Figures and dates as the one who looks writes them. */
export type Formats = {
  whole(count: number): string;
  /** Of a share from 0 to 1. */
  percent(share: number): string;
  /** Of a decimal string; a dash where it is null. */
  money(amount: string | null, currency: string): string;
  /** Of an ISO date. */
  day(date: string): string;
  /** Of an ISO time, in a time zone. */
  moment(time: string, zone: string): string;
  /** How long an ISO time is past or ahead: "3 hours ago". */
  relative(time: string): string;
  /** Of seconds: `1 min 5 s`. */
  duration(seconds: number): string;
  /** Of any number. */
  number(value: number): string;
  /** The language it is all in, for what else is written by it. */
  locale: string;
};

/** From here on amounts are shown without cents: they are there to be compared at a glance. */
const WHOLE_FROM = 1000;

/**
 * @param accepted what the browser says of its languages (`Accept-Language`); the first known one counts
 */
export function formatsFor(accepted: string | undefined): Formats {
  const locale = localeOf(accepted);
  const number = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options);
  const whole = number({ maximumFractionDigits: 0 });
  const percent = number({ style: 'percent', maximumFractionDigits: 1 });
  const some = number({ maximumFractionDigits: 2 });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  return {
    locale,
    whole: (count) => whole.format(count),
    percent: (share) => percent.format(share),
    number: (value) => some.format(value),
    money(amount, currency) {
      if (amount === null) return '–';
      const digits = Math.abs(Number(amount)) >= WHOLE_FROM ? { maximumFractionDigits: 0 } : {};
      return number({ style: 'currency', currency, ...digits }).format(amount as Intl.StringNumericLiteral);
    },
    day: (date) => day.format(new Date(`${date}T00:00:00Z`)),
    moment: (time, zone) =>
      DateTime.fromISO(time, { zone: 'utc' })
        .setZone(zone)
        .setLocale(locale)
        .toLocaleString({ dateStyle: 'medium', timeStyle: 'short' }),
    relative: (time) => DateTime.fromISO(time, { zone: 'utc' }).setLocale('en').toRelative() ?? '',
    duration(seconds) {
      if (seconds < 1) return '< 1 s';
      const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
      return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
    },
  };
}

function localeOf(accepted = ''): string {
  for (const part of accepted.split(',')) {
    const [tag = ''] = part.split(';');
    try {
      const [known] = Intl.NumberFormat.supportedLocalesOf(tag.trim());
      if (known) return known;
    } catch {
      // What is no language tag, such as *, says nothing.
    }
  }
  return 'en';
}
