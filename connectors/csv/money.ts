/** The store keeps four decimals and fourteen digits before them. */
const DECIMALS = 4;
const CANONICAL = /^-?\d{1,14}(\.\d{1,4})?$/;
const BEYOND_UNITS = 10n ** 18n;

/**
 * Makes a reader of amounts: digits, a sign, the decimal sign, and the other sign, spaces or apostrophes between
 * groups of three. A currency sign in front or behind is passed over.
 * @returns the amount as a decimal string, rounded to four decimals; undefined where it is none
 */
export function amountReader(decimal: '.' | ','): (text: string) => string | undefined {
  const group = decimal === ',' ? String.raw`[.'’\s]` : String.raw`[,'’\s]`;
  const shape = new RegExp(String.raw`^([+-]?)\s*(\d{1,3}(?:${group}\d{3})+|\d+)?(?:[${decimal}](\d+))?$`);
  return (text) => {
    if (decimal === '.' && CANONICAL.test(text)) return text;
    const bare = text.replace(/^(-?)\s*\p{Sc}\s*|\s*\p{Sc}$/gu, '$1');
    const [, sign = '', whole, fraction] = shape.exec(bare) ?? [];
    if (whole === undefined && fraction === undefined) return undefined;
    const digits = (whole ?? '0').replace(/\D/g, '');
    const amount = rounded(`${sign === '-' ? '-' : ''}${digits}${fraction ? `.${fraction}` : ''}`);
    return CANONICAL.test(amount) ? amount : undefined;
  };
}

/** a - b - c …, exactly; undefined where the store cannot hold it. */
export function minus(from: string, ...amounts: readonly (string | undefined)[]): string | undefined {
  // Most amounts taken off are blank or 0.00, and big integers cost more than a look.
  const taken = amounts.filter((amount) => amount && /[1-9]/.test(amount));
  if (taken.length === 0) return from;
  return stored(taken.reduce((sum, amount) => sum - toUnits(amount ?? '0'), toUnits(from)));
}

/** a × b, rounded half away from zero to four decimals; undefined where the store cannot hold it. */
export function times(a: string, b: string): string | undefined {
  if (b === '1') return a;
  return stored(shortened(toUnits(a) * toUnits(b), 10n ** BigInt(DECIMALS)));
}

/** -1, 0 or 1 as a is less than, equal to or greater than b. */
export function compare(a: string, b: string): number {
  const difference = toUnits(a) - toUnits(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function toUnits(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(DECIMALS, '0'));
}

function stored(units: bigint): string | undefined {
  return -BEYOND_UNITS < units && units < BEYOND_UNITS ? fromUnits(units) : undefined;
}

function fromUnits(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${fraction}`;
}

function rounded(amount: string): string {
  const [whole = '0', fraction = ''] = amount.split('.');
  if (fraction.length <= DECIMALS) return amount;
  return fromUnits(shortened(BigInt(whole + fraction), 10n ** BigInt(fraction.length - DECIMALS)));
}

function shortened(value: bigint, by: bigint): bigint {
  const half = by / 2n;
  return (value < 0n ? value - half : value + half) / by;
}
