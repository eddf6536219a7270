import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import { breachText } from '../../run/guard.ts';
import type { HeldStatus } from '../../run/job-status.ts';
import { action, dataTable, empty, reasons } from '../pieces.ts';
import { jobPath, type Html } from '../layout.ts';
import type { View } from '../site.ts';
import { livePart } from './live.ts';

/** The plan that waits: why, who would leave, who would join, and the button that sends it. */
export function heldPage(view: View, job: Job, held: HeldStatus | null): Html[] {
  const { formats } = view;
  if (!held) {
    return [
      html`<h1>Held plan</h1>`,
      livePart(view, job.name),
      empty(
        'Nothing waits',
        html`<p>A plan that changes more than the guard lets through waits here for you.</p>`,
      ),
    ];
  }
  const columns = ['Audience', 'Destination', 'To remove', 'To add', 'To update'];
  const rows = held.audiences
    .toSorted((a, b) => b.to_remove - a.to_remove || b.to_add - a.to_add)
    .map((one) => [
      one.audience,
      one.destination,
      ...[one.to_remove, one.to_add, one.to_update].map(formats.whole),
    ]);
  const removed = held.audiences.reduce((sum, { to_remove }) => sum + to_remove, 0);
  const added = held.audiences.reduce((sum, { to_add }) => sum + to_add, 0);
  return [
    html`<h1>Held plan</h1>
      <p>
        Held <time datetime="${held.at}">${formats.relative(held.at)}</time>, as of
        ${formats.day(held.as_of)}. Nothing of it was sent. The next run makes a new plan in its place.
      </p>`,
    livePart(view, job.name),
    reasons('Why it is held', [...held.incomplete, ...held.guard.map(breachText)]),
    dataTable(
      'What the plan would change, who would leave first',
      columns.map((heading, index) => ({ heading, numeric: index > 1 })),
      rows,
    ),
    html`<p>
        <a href="${jobPath(job.name, '/held.csv')}" download
          >Download every member of the plan (CSV, with e-mail addresses)</a
        >
      </p>
      <section class="decision">
        <p>
          Approving removes ${formats.whole(removed)} and adds ${formats.whole(added)} members: exactly this
          plan, once. It cannot be taken back with a click; the next run puts right what is not.
        </p>
        ${action(jobPath(job.name, '/approve'), 'Approve and send this plan', {
          main: true,
          fields: { run_id: held.run_id },
        })}
      </section>`,
  ];
}
