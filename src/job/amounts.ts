/** Amounts as rules and the store take it: fourteen digits before the point, four after it. */
const MONEY = /^-?\d{1,14}(\.\d{1,4})?$/;

/** @returns what is wrong with an amount as a file gives it, or undefined */
export function amountProblem(written: unknown): string | undefined {
  const text = typeof written === 'number' ? String(written) : written;
  return typeof text === 'string' && MONEY.test(text)
    ? undefined
    : 'Write a decimal number with at most four digits after the point, such as 49.90';
}
