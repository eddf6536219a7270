import { z } from 'zod';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION = /^(\d+)([mhdw])$/;

/**
 * @param text a whole number and a unit: `30m`, `12h`, `90d` or `2w`
 * @returns milliseconds, or undefined where the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return amount && unit ? Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] : undefined;
}

/** A setting such as `90d` or `2w`; what comes out is a whole number of days, at least one. */
export function days() {
  return z
    .string()
    .regex(DURATION, 'Write a number and a unit, for example 90d or 2w')
    .transform((text, context) => {
      const count = (parseDuration(text) ?? 0) / UNIT_MS.d;
      if (Number.isInteger(count) && count > 0) return count;
      context.addIssue({
        code: 'custom',
        message: 'Write whole days, at least one: for example 1d',
        input: text,
      });
      return z.NEVER;
    });
}

/** A setting such as `30m` or `1d`; what comes out is milliseconds, more than none. */
export function milliseconds() {
  return z
    .string()
    .regex(DURATION, 'Write a number and a unit, for example 12h or 2d')
    .transform((text) => parseDuration(text) ?? 0)
    .refine((span) => span > 0, { error: 'Write a time longer than none, for example 1h' });
}
