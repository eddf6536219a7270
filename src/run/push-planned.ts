import { pushDestinations, type PlannedDestination } from './destinations.ts';
import { noteEntries } from './holdout-entries.ts';
import type { RunReport } from './report.ts';
import type { RunContext } from './run.ts';

/** What became of the audiences, and of the properties of the people in them. */
export type Outcome = Pick<RunReport, 'audiences' | 'properties'>;

/** How many members the plans of audiences would add, tell anew and take out. */
export function changesOf(planned: readonly PlannedDestination[]): number {
  return planned
    .flatMap(({ plans }) => plans)
    .reduce((sum, { to_add, to_update, to_remove }) => sum + to_add + to_update + to_remove, 0);
}

/** Sends every plan, then notes who thereby entered a segment with a holdout. */
export async function pushPlanned(run: RunContext, planned: PlannedDestination[]): Promise<Outcome> {
  const sent = await pushDestinations(run, planned);
  const reports = sent.flatMap(({ audiences }) => audiences);
  const plans = planned.flatMap(({ plans }) => plans);
  await noteEntries(
    run,
    plans.filter((_, index) => !reports[index]?.error),
  );
  return { audiences: reports, properties: sent.flatMap(({ properties }) => properties ?? []) };
}
