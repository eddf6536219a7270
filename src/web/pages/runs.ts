import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import { listRuns, reportOf, type ListedRun } from '../../run/run-list.ts';
import type { RunReport } from '../../run/report.ts';
import { breachText } from '../../run/guard.ts';
import { action, badge, dataTable, empty, figures, notes, problemNotice, reasons } from '../pieces.ts';
import { jobPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';
import { MOODS } from './jobs.ts';
import { goesOn, livePart } from './live.ts';

const LISTED = 50;

/** The runs of a job, the newest first, and how far the one has come that goes on. */
export async function runsPage(view: View, job: Job): Promise<Html[]> {
  const runs = await listRuns(view.engine, job.name, LISTED);
  return [
    html`<div class="heading">
      <h1>Runs</h1>
      ${goesOn(view, job.name) ? '' : action(jobPath(job.name, '/run'), 'Run now', { main: true })}
    </div>`,
    livePart(view, job.name),
    runs.length === 0
      ? empty('No run yet', html`<p>The first one shows here how far it has come, and what it did.</p>`)
      : runTable(view, job, runs),
  ];
}

function runTable({ formats }: View, job: Job, runs: readonly ListedRun[]): Html {
  const columns = [
    { heading: 'Began' },
    { heading: 'Status' },
    { heading: 'As of' },
    { heading: 'Took', numeric: true },
    { heading: 'Customers', numeric: true },
    { heading: 'Added', numeric: true },
    { heading: 'Removed', numeric: true },
    { heading: 'Updated', numeric: true },
    { heading: 'Refused', numeric: true },
    { heading: 'Requests', numeric: true },
  ];
  const rows = runs.map((run) => [
    html`<a href="${jobPath(job.name, `/runs/${run.run_id}`)}"
      ><time datetime="${run.began_at}">${formats.moment(run.began_at, job.timezone)}</time></a
    >`,
    statusBadge(run),
    formats.day(run.as_of),
    run.ended_at === null
      ? ''
      : formats.duration((Date.parse(run.ended_at) - Date.parse(run.began_at)) / 1000),
    ...[run.customers, run.added, run.removed, run.updated, run.refused, run.requests].map(formats.whole),
  ]);
  return dataTable(`Runs of ${job.name}, the newest first`, columns, rows);
}

function statusBadge({ status, sends, ended_at, code }: ListedRun): Html {
  if (ended_at === null || status === null) return badge('quiet', 'goes on');
  const text = sends ? status : `plan, ${status === 'failed' ? 'failed' : 'nothing sent'}`;
  return html`${badge(sends || status === 'failed' ? MOODS[status] : 'quiet', text)} ${code ?? ''}`;
}

/** One run: its stages, what it pulled, and what became of every audience. Undefined where there is no such run. */
export async function runPage(view: View, job: Job, run_id: string): Promise<Html[] | undefined> {
  const { formats } = view;
  const report = await reportOf(view.engine, job.name, run_id);
  if (!report) return undefined;
  const { status, as_of, customers = 0, error, warnings = [], guard = [] } = report;
  const { pulled, seconds, audiences = [] } = report;
  return [
    html`<h1>Run ${run_id}</h1>`,
    figures([
      ['Status', badge(MOODS[status], status)],
      ['As of', as_of ? formats.day(as_of) : '–'],
      ['Customers', formats.whole(customers)],
      ['Pulled', pulled ? `${formats.whole(pulled.orders)} orders` : '–'],
      ['Rejected', pulled ? formats.whole(pulled.rejected) : '–'],
    ]),
    ...(error ? [problemNotice({ ...error, what: error.what ?? 'Its process ended early.' })] : []),
    reasons('Why it was held', [...(pulled?.incomplete ?? []), ...guard.map(breachText)]),
    notes('Notes', warnings),
    ...(seconds ? [stages(view, seconds)] : []),
    ...(audiences.length > 0 ? [outcomes(view, audiences)] : []),
    ...(pulled && pulled.rejections.length > 0 ? [rejected(view, pulled)] : []),
  ];
}

function stages({ formats }: View, seconds: RunReport['seconds']): Html {
  const rows = Object.entries(seconds).map(([stage, took]) => [stage, formats.duration(took)]);
  return html`<h2>Stages</h2>
    ${dataTable('How long each stage took', [{ heading: 'Stage' }, { heading: 'Took', numeric: true }], rows)}`;
}

function outcomes({ formats }: View, audiences: RunReport['audiences']): Html {
  const columns = ['Audience', 'Destination', 'Wanted', 'Added', 'Removed', 'Updated', 'Refused', 'Requests'];
  const rows = audiences.map((one) => [
    one.error ? html`${one.audience} ${badge('bad', one.error.code)} ${one.error.what}` : one.audience,
    one.destination,
    ...[one.wanted, one.added, one.removed, one.updated, one.refused, one.requests].map(formats.whole),
  ]);
  const headings = columns.map((heading, index) => ({ heading, numeric: index > 1 }));
  return html`<h2>Audiences</h2>
    ${dataTable('What became of each audience', headings, rows)}`;
}

function rejected({ formats }: View, pulled: RunReport['pulled']): Html {
  const rows = pulled.rejections.map(({ source, line, reason }) => [source, line, reason]);
  const columns = [
    { heading: 'Source' },
    { heading: 'Row', numeric: true },
    { heading: 'Reason', text: true },
  ];
  return html`<h2>Rejected rows</h2>
    <p class="quiet">The first ${formats.whole(rows.length)} of ${formats.whole(pulled.rejected)}.</p>
    ${dataTable('Rows that were rejected, with the reason', columns, rows)}`;
}
