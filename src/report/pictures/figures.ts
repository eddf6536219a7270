/** How numbers are written for people. */
export type Counts = {
  count(number: number): string;
  /** `1 customer`, `2,041 customers`. */
  customers(number: number): string;
  /** From 0 to 1; small shares are not rounded to nothing. */
  share(share: number): string;
};

/** Money comes as a decimal string or a number, in one currency. */
export type Figures = Counts & {
  money(amount: string | number): string;
  /** With a sign, for what was gained or lost. */
  gain(amount: string | number): string;
};

/** From here on numbers are shortened, as 1.23M. */
const LONG = 1_000_000;
const SHORT = { notation: 'compact', maximumSignificantDigits: 3 } as const;

/** @param locale BCP 47 */
export function counts(locale = 'en'): Counts {
  const long = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(locale, SHORT);
  const count = (number: number) => (number >= LONG ? short : long).format(number);
  return {
    count,
    customers: (number) => `${count(number)} ${number === 1 ? 'customer' : 'customers'}`,
    share: (share) =>
      new Intl.NumberFormat(locale, {
        style: 'percent',
        maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0,
      }).format(share),
  };
}

/**
 * @param currency ISO 4217
 * @param locale BCP 47
 */
export function figures(currency: string, locale = 'en'): Figures {
  const money = (amount: string | number, options: Intl.NumberFormatOptions = {}) => {
    const size = Math.abs(Number(amount));
    const digits = size >= LONG ? SHORT : { maximumFractionDigits: size < 100 && size % 1 !== 0 ? 2 : 0 };
    const format = new Intl.NumberFormat(locale, { style: 'currency', currency, ...digits, ...options });
    return format.format(Number(amount));
  };
  return {
    ...counts(locale),
    money: (amount) => money(amount),
    gain: (amount) => money(amount, { signDisplay: 'exceptZero' }),
  };
}
