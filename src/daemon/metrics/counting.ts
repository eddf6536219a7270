import type { Job } from '../../job/load.ts';
import { RUN_STATUSES, type AudienceReport, type RunReport } from '../../run/report.ts';
import { OUTCOMES, RECORDS } from './definitions.ts';
import type { Metrics } from './registry.ts';

/** Counts a run by its report. @param seconds how long it took */
export function countRun(
  { counters, histograms }: Metrics,
  { job, ...report }: RunReport,
  seconds: number,
): void {
  const { pulled, status } = report;
  counters.runs.inc({ job, status });
  histograms.run_seconds.observe({ job }, seconds);
  for (const [stage, spent] of Object.entries(report.seconds))
    counters.stage_seconds.inc({ job, stage }, spent);
  for (const records of RECORDS) counters.records.inc({ job, records }, pulled[records]);
  for (const { source, rejected } of pulled.sources) counters.rejected.inc({ job, source }, rejected);
  // Nothing of a held plan was sent: its report foretells.
  if (status === 'held') return;
  for (const one of report.audiences) {
    const { destination, audience, requests, derived } = one;
    const members = outcomesOf(one);
    for (const outcome of OUTCOMES)
      counters.members.inc({ job, destination, audience, outcome }, members[outcome]);
    const made = derived.reduce((sum, { requests }) => sum + requests, 0);
    counters.requests.inc({ job, destination }, requests + made);
  }
  for (const { destination, people, updated, reasons, requests } of report.properties) {
    const refused = refusedIn(reasons);
    const left = { updated, refused, retry: Math.max(0, people - updated - refused) };
    for (const [outcome, count] of Object.entries(left))
      counters.properties.inc({ job, destination, outcome }, count);
    counters.requests.inc({ job, destination }, requests);
  }
}

/** What will be counted of a job begins at 0: of a series that begins at 1, nobody sees that it grew. */
export function beginAtZero({ counters }: Metrics, { name: job, ...rest }: Job): void {
  for (const status of RUN_STATUSES) counters.runs.inc({ job, status }, 0);
  for (const records of RECORDS) counters.records.inc({ job, records }, 0);
  for (const { name: source } of rest.sources) counters.rejected.inc({ job, source }, 0);
  for (const { name: destination, audiences } of rest.destinations) {
    counters.requests.inc({ job, destination }, 0);
    for (const { name: audience } of audiences)
      for (const outcome of OUTCOMES) counters.members.inc({ job, destination, audience, outcome }, 0);
  }
}

type Outcomes = Record<(typeof OUTCOMES)[number], number>;

/** Those that the report calls refused include members left alone since earlier runs. */
function outcomesOf({ added, removed, updated, ...report }: AudienceReport): Outcomes {
  const refused = refusedIn(report.reasons);
  const planned = report.to_add + report.to_remove + report.to_update;
  const retry = Math.max(0, planned - added - removed - updated - refused);
  return { added, removed, updated, refused, retry };
}

function refusedIn(reasons: readonly { members: number }[]): number {
  return reasons.reduce((sum, { members }) => sum + members, 0);
}
