/** Money as ten-thousandths, which is what the store keeps: exact, and fit for sums. */
export type Units = bigint;

const SHAPE = /^(-?)(\d{1,14})(?:\.(\d+))?$/;

/** @returns the amount, rounded half away from zero; undefined where the text is none */
export function unitsOf(text: string): Units | undefined {
  const [, sign, whole, fraction = ''] = SHAPE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const cut = BigInt(whole + fraction.slice(0, 4).padEnd(4, '0'));
  const units = cut + (Number(fraction[4] ?? 0) >= 5 ? 1n : 0n);
  return sign === '-' ? -units : units;
}

/** As records have it: two decimals, or more where they are needed. */
export function amountOf(units: Units): string {
  const digits = String(units < 0n ? -units : units).padStart(5, '0');
  const fraction = digits.slice(-4).replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${fraction}`;
}

/** `of` × `part` ÷ `whole`, rounded half up; no amount is negative. All of it where there is no whole to divide. */
export function share(of: Units, part: Units, whole: Units): Units {
  return whole === 0n ? of : (2n * of * part + whole) / (2n * whole);
}

export function sum(amounts: readonly Units[]): Units {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
