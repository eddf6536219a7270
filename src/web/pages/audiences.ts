import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import { segmentsOf } from '../../job/segments.ts';
import { foundCategories } from '../../run/categories.ts';
import { jobStatus, type AudienceStatus, type JobStatus } from '../../run/job-status.ts';
import { badge, dataTable, empty } from '../pieces.ts';
import { segmentPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';

/** What each audience holds, against what its segment wants. */
export async function audiencesPage(view: View, job: Job): Promise<Html[]> {
  const { engine, state } = view;
  const status = await jobStatus(engine, job, state);
  if (status.audiences.length === 0)
    return [html`<h1>Audiences</h1>`, empty('No audience yet', 'The destinations of this job name none.')];
  const labels = new Map(
    segmentsOf(job.segments, await foundCategories(engine, job.name)).map(({ name, label }) => [name, label]),
  );
  return [
    html`<h1>Audiences</h1>
      <p class="quiet">
        Wanted: customers of the segment who may be sent, by the last run. Held: members the platform
        acknowledged. Drift: the platform's own count less ours; above 0 it has members of others, below 0 it
        lost some of ours.
      </p>`,
    ...Object.entries(Object.groupBy(status.audiences, ({ destination }) => destination)).map(
      ([destination, its = []]) =>
        html`<section>
          <h2>${destination}</h2>
          ${destinationTable(view, job, status, its, labels)}
        </section>`,
    ),
    orphans(status),
    refusals(status, view.formats.whole),
  ];
}

function destinationTable(
  { formats }: View,
  job: Job,
  status: JobStatus,
  audiences: readonly AudienceStatus[],
  labels: ReadonlyMap<string, string>,
): Html {
  const linked = audiences.some((one) => linkOf(job, one) !== undefined);
  const columns = [
    { heading: 'Audience' },
    { heading: 'Segment' },
    ...['Wanted', 'Held', 'Refused', 'Drift'].map((heading) => ({ heading, numeric: true })),
    { heading: 'Last change' },
    ...['Added', 'Removed'].map((heading) => ({ heading, numeric: true })),
    { heading: 'In step' },
    ...(linked ? [{ heading: 'Platform' }] : []),
  ];
  const ago = (time: string) => html`<time class="line" datetime="${time}">${formats.relative(time)}</time>`;
  const rows = audiences.map((one) => [
    one.audience,
    html`<a href="${segmentPath(job.name, one.segment)}">${labels.get(one.segment) ?? one.segment}</a>`,
    one.wanted === null ? '–' : formats.whole(one.wanted),
    formats.whole(one.held),
    formats.whole(refusedOf(status, one)),
    driftText(one, formats.whole),
    one.changed === null ? 'none of late' : ago(one.changed.at),
    one.changed === null ? '' : formats.whole(one.changed.added),
    one.changed === null ? '' : formats.whole(one.changed.removed),
    one.synced_at === null ? 'never' : ago(one.synced_at),
    ...(linked ? [platformLink(job, one)] : []),
  ]);
  return dataTable(`Audiences of ${job.name} at ${audiences[0]!.destination}`, columns, rows);
}

function driftText({ counts: [latest] }: AudienceStatus, whole: (count: number) => string): Html | string {
  if (!latest) return '–';
  if (latest.drift === 0) return '0';
  if (!latest.exact)
    return html`<span title="The platform rounds its count">about ${whole(latest.remote_count)} there</span>`;
  return badge('warn', `${latest.drift > 0 ? '+' : '−'}${whole(Math.abs(latest.drift))}`);
}

function refusedOf({ refused }: JobStatus, { destination, audience }: AudienceStatus): number {
  return refused
    .filter((group) => group.destination === destination && group.audience === audience)
    .reduce((sum, { members }) => sum + members, 0);
}

function linkOf(job: Job, { destination, remote_id }: AudienceStatus): string | undefined {
  const found = job.destinations.find(({ name }) => name === destination);
  return remote_id === null ? undefined : found?.definition.link?.(found.settings, remote_id);
}

function platformLink(job: Job, audience: AudienceStatus): Html | string {
  const link = linkOf(job, audience);
  if (link === undefined) return '';
  return html`<a
    href="${link}"
    rel="noreferrer external"
    target="_blank"
    aria-label="Open ${audience.audience} on the platform"
    >Open</a
  >`;
}

function orphans({ orphans }: JobStatus): Html {
  if (orphans.length === 0) return html``;
  return html`<section>
    <h2>No longer in the job file</h2>
    <ul>
      ${orphans.map(
        ({ destination, audience, held }) =>
          html`<li>${audience} (${destination}): ${held} members of ours are still in it.</li>`,
      )}
    </ul>
  </section>`;
}

function refusals({ refused }: JobStatus, whole: (count: number) => string): Html {
  if (refused.length === 0) return html``;
  const columns = [
    { heading: 'Reason' },
    { heading: 'Audience' },
    { heading: 'Destination' },
    { heading: 'Members', numeric: true },
    { heading: 'Next try' },
  ];
  const rows = refused.map(({ reason, audience, destination, members, next_try }) => [
    reason,
    audience ?? 'properties',
    destination,
    whole(members),
    next_try?.slice(0, 10) ?? 'next run',
  ]);
  return html`<section>
    <h2>Refused, by reason</h2>
    ${dataTable('Members whom platforms refuse, by reason', columns, rows)}
  </section>`;
}
