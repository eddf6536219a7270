import type { SandboxAudience } from './sandbox-audiences.ts';

/** The words Meta prints as examples of what gets an audience flagged. */
const FLAGGED_WORDS = /arthritis|diabetes|credit score|high income/i;

/** Fewest people an audience needs before ads, or a lookalike, can use it. */
const FEWEST = 100;

export type Status = { code: number; description: string };

/** Names of the fields for which Meta would flag an audience. */
export function violations({ name, description }: Pick<SandboxAudience, 'name' | 'description'>): string[] {
  const fields = { name, description };
  return Object.entries(fields).flatMap(([field, text]) => (FLAGGED_WORDS.test(text) ? [field] : []));
}

export function isFlagged(audience: SandboxAudience): boolean {
  return violations(audience).length > 0;
}

/** @param now milliseconds since 1970 */
export function operationStatus(audience: SandboxAudience, now: number): Status {
  if (isFlagged(audience)) return { code: 471, description: 'Flagged for integrity' };
  if (audience.replacing !== undefined) return { code: 414, description: 'Audience is being replaced' };
  if (audience.lookalike && now < audience.usable_at) {
    return { code: 441, description: 'We are finding people who fit' };
  }
  return { code: 200, description: 'Normal' };
}

/** A list of people can be used once there are enough of them and Meta has looked them up. */
export function deliveryStatus(audience: SandboxAudience, now: number): Status {
  const few = !audience.lookalike && audience.members.size() < FEWEST;
  if (few || now < audience.usable_at) return { code: 300, description: 'This audience is too small.' };
  return { code: 200, description: 'This audience is ready for use.' };
}
