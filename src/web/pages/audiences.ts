import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import type { AudienceStatus, JobStatus } from '../../run/job-status.ts';
import { badge, dataTable, empty } from '../pieces.ts';
import { jobPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';

/** What each audience holds, against what its segment wants. */
export function audiencesPage({ formats }: View, job: Job, status: JobStatus): Html[] {
  if (status.audiences.length === 0)
    return [html`<h1>Audiences</h1>`, empty('No audience yet', 'The destinations of this job name none.')];
  const columns = [
    { heading: 'Audience' },
    { heading: 'Destination' },
    { heading: 'Segment' },
    { heading: 'Wanted', numeric: true },
    { heading: 'Held', numeric: true },
    { heading: 'Refused', numeric: true },
    { heading: 'Drift', numeric: true },
    { heading: 'Last change' },
    { heading: '' },
  ];
  const rows = status.audiences.map((one) => [
    one.audience,
    one.destination,
    html`<a href="${jobPath(job.name, `/segments/${encodeURIComponent(one.segment)}`)}">${one.segment}</a>`,
    one.wanted === null ? '–' : formats.whole(one.wanted),
    formats.whole(one.held),
    formats.whole(refusedOf(status, one)),
    driftText(one, formats.whole),
    one.changed === null
      ? 'none of late'
      : html`<time datetime="${one.changed.at}">${formats.relative(one.changed.at)}</time>:
          +${formats.whole(one.changed.added)} −${formats.whole(one.changed.removed)}`,
    platformLink(job, one),
  ]);
  return [
    html`<h1>Audiences</h1>
      <p class="quiet">
        Wanted: customers of the segment who may be sent, by the last run. Held: members the platform acknowledged. Drift:
        the platform's own count less ours; above 0 it has members of others, below 0 it lost some of ours.
      </p>`,
    dataTable(`Audiences of ${job.name}`, columns, rows),
    orphans(status),
    refusals(status, formats.whole),
  ];
}

function driftText({ counts: [latest] }: AudienceStatus, whole: (count: number) => string): Html | string {
  if (!latest) return '–';
  if (latest.drift === 0) return '0';
  return badge('warn', `${latest.drift > 0 ? '+' : '−'}${whole(Math.abs(latest.drift))}`);
}

function refusedOf({ refused }: JobStatus, { destination, audience }: AudienceStatus): number {
  return refused
    .filter((group) => group.destination === destination && group.audience === audience)
    .reduce((sum, { members }) => sum + members, 0);
}

function platformLink(job: Job, { destination, remote_id, audience }: AudienceStatus): Html | string {
  const found = job.destinations.find(({ name }) => name === destination);
  const link = remote_id === null ? undefined : found?.definition.link?.(found.settings, remote_id);
  if (link === undefined) return '';
  return html`<a href="${link}" rel="noreferrer external" target="_blank" aria-label="Open ${audience} on the platform"
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
