import type { Audience, GivenHoldout } from './audiences.ts';
import { pathText, type Finding } from './problems.ts';

/**
 * Gives every audience of a segment the holdout that one entry gives the segment: who is kept out of one destination
 * but sent by another would tell nothing.
 * @param audiences all of the job; their `holdout` is set
 * @returns what is wrong: a segment with two different shares
 */
export function shareHoldouts(audiences: readonly Audience[], given: readonly GivenHoldout[]): Finding[] {
  const first = new Map<string, GivenHoldout>();
  const findings: Finding[] = [];
  for (const holdout of given) {
    const other = first.get(holdout.segment);
    if (!other) first.set(holdout.segment, holdout);
    else if (other.share !== holdout.share) findings.push(twoShares(holdout, other));
  }
  for (const audience of audiences) {
    const share = first.get(audience.segment)?.share;
    if (share) audience.holdout = share;
    for (const segment of Object.keys(audience.together ?? {}))
      audience.together![segment] = first.get(segment)?.share ?? 0;
  }
  return findings;
}

function twoShares(holdout: GivenHoldout, other: GivenHoldout): Finding {
  return {
    code: 'CONFIG_DUPLICATE',
    path: holdout.path,
    at: 'value',
    what: `The holdout of ${holdout.segment} is ${holdout.share} here and ${other.share} at ${pathText(other.path)}.`,
    why: 'A segment has one holdout, which holds for all its audiences in the job.',
    fix: 'Write it once; the other audiences of the segment need none.',
  };
}
