/** Exact amounts as whole numbers of ten-thousandths, as the store keeps them. */

const DECIMALS = 4;

/** Digits past the fourth are rounded half away from zero. */
export function unitsOf(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  const units = BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
  if (fraction.charAt(DECIMALS) < '5') return units;
  return amount.startsWith('-') ? units - 1n : units + 1n;
}

/** "29.90"; two decimals at least. */
export function amountOf(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${fraction}`;
}

export function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + unitsOf(amount), 0n);
}

/** `of` × part / whole, rounded half up; `of` itself where there is no whole to divide by. */
export function share(of: bigint, part: bigint, whole: bigint): bigint {
  return whole <= 0n || part === whole ? of : (2n * of * part + whole) / (2n * whole);
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function atLeast0(units: bigint): bigint {
  return units < 0n ? 0n : units;
}
