import type { ErrorCode, Problem } from '../../../connectors/index.ts';
import { BROKEN_OFF } from '../../run/state.ts';
import type { Condition } from './condition.ts';
import type { Past } from './past.ts';

/**
 * What the last runs could not do: the newest one as a whole, and whatever the newest one that got as far as sending
 * could not serve. A plan that is held since says nothing of destinations that failed before.
 * @param again whether a run of the job goes on, or is about to: it takes up what was broken off
 */
export function failures(job: string, { newest, sent }: Past, again = false): Condition[] {
  const waits = ({ code }: Problem) => (again && BROKEN_OFF.includes(code) ? { waits: true as const } : {});
  const failed = newest?.report.status === 'failed' ? newest.report.error : undefined;
  const whole: Condition[] = failed
    ? [
        {
          kind: 'failed',
          key: `failed:${failed.code}`,
          what: `The run failed: ${failed.what ?? WHAT[failed.code] ?? `${failed.code}.`}`,
          why: whyOf(failed),
          fix: failed.fix ?? `\`segment-sync run ${job}\` runs it again.`,
          since: newest!.at,
          run_id: newest!.run_id,
          ...waits(failed),
        },
      ]
    : [];
  if (!sent) return whole;
  const { audiences = [], properties = [] } = sent.report;
  const parts = [
    ...audiences.map(({ destination, audience, error }) => ({ destination, part: `"${audience}"`, error })),
    ...properties.map(({ destination, error }) => ({ destination, part: 'properties', error })),
  ];
  const groups = Map.groupBy(
    parts.filter(({ error }) => error !== null),
    ({ destination, error }) => `failed:${destination}:${error!.code}`,
  );
  const served = [...groups].map(([key, all]): Condition => {
    const { destination, error } = all[0]!;
    return {
      kind: 'failed',
      key,
      what: `${destination}: ${listed(all.map(({ part }) => part))} could not be brought up to date.`,
      why: whyOf(error!),
      fix: error!.fix ?? `\`segment-sync run ${job}\` sends what is missing.`,
      since: sent.at,
      run_id: sent.run_id,
      ...waits(error!),
    };
  });
  return [...whole, ...served];
}

/** A run that was killed leaves no words of its own. */
const WHAT: Partial<Record<ErrorCode, string>> = {
  RUN_KILLED: 'its process was killed before it ended. What the platforms acknowledged is recorded.',
};

function whyOf({ code, where, what, why }: Problem): string {
  return [`${code}${where ? ` at ${where}` : ''}:`, what, why].filter(Boolean).join(' ');
}

const NAMED = 5;

function listed(parts: readonly string[]): string {
  const more = parts.length - NAMED;
  return `${parts.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
