import type { Outcome, Problem } from '../../connectors/index.ts';

/** How members ended at a platform. `requests` counts those that wrote. */
export type Tally = {
  refused: number;
  /** Members that were neither acknowledged nor refused; the next run offers them again. */
  left: number;
  requests: number;
  /** Why members were refused, most frequent first. */
  reasons: { reason: string; members: number }[];
};

export function emptyTally(): Tally {
  return { refused: 0, left: 0, requests: 0, reasons: [] };
}

/** Fills a tally as batches are answered: `take` counts the outcomes of one and returns those that are done. */
export function openTally(tally: Tally): { take(outcomes: readonly Outcome[]): Outcome[] } {
  const reasons = new Map<string, number>();
  function take(outcomes: readonly Outcome[]): Outcome[] {
    for (const outcome of outcomes) {
      if (outcome.result === 'retry') continue;
      tally.left -= 1;
      if (outcome.result === 'done') continue;
      tally.refused += 1;
      reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1);
    }
    tally.reasons = [...reasons]
      .map(([reason, members]) => ({ reason, members }))
      .toSorted((one, other) => other.members - one.members);
    return outcomes.filter(({ result }) => result === 'done');
  }
  return { take };
}

/** The problem of what was sent and neither taken nor refused. */
export function leftOver(where: string, left: number): Problem {
  return {
    code: 'PUSH_INCOMPLETE',
    where,
    what: `${left} members were neither taken nor refused.`,
    fix: 'Nothing to do: the next run offers them again.',
  };
}
