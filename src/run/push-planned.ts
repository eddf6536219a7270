import { pushDestinations, type PlannedDestination } from './destinations.ts';
import { noteEntries } from './holdout-entries.ts';
import type { RunReport } from './report.ts';
import type { RunContext } from './run.ts';

/** What became of the audiences, and of the properties of the people in them. */
export type Outcome = Pick<RunReport, 'audiences' | 'properties'>;

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
