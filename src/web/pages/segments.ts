import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import { playKey, playbookOf } from '../../job/playbook.ts';
import { segmentsOf, type Segment } from '../../job/segments.ts';
import { totalsOf } from '../../report/statistics.ts';
import { MODEL_TITLES } from '../../run/picture-data.ts';
import type { ShownOverview } from '../overviews.ts';
import { action, bar, dataTable, empty, figures, notes } from '../pieces.ts';
import { jobPath, segmentPath, type Html } from '../layout.ts';
import { backtestPart, flowsPart, lifecyclePart, mapPart, movesPart } from '../pictures.ts';
import type { View } from '../site.ts';
import { livePart } from './live.ts';

/** Who the customers are: the map, the lifecycle, what moved, what that is worth, and every segment. */
export async function segmentsPage(view: View, job: Job): Promise<Html[]> {
  const overview = await view.overviews.of(job);
  if (!overview) {
    return [
      html`<h1>${job.name}</h1>`,
      livePart(view, job.name),
      empty(
        'No run yet',
        html`<p>The first run reads the sources and computes who each customer is.</p>
          ${action(jobPath(job.name, '/run'), 'Run now', { main: true })}
          <p>
            To see what it would do without sending anything: <code>segment-sync plan ${job.name}</code>
          </p>`,
      ),
    ];
  }
  const { formats } = view;
  const segments = segmentsOf(job.segments, overview.categories);
  return [
    html`<div class="heading">
        <h1>${job.name}</h1>
        ${action(jobPath(job.name, '/run'), 'Run now')}
      </div>
      <p class="quiet">As of ${formats.day(overview.as_of)}, money in ${overview.currency}.</p>`,
    livePart(view, job.name),
    totals(view, overview),
    notes('Notes of the run', overview.warnings),
    mapPart(view, job, overview),
    lifecyclePart(view, job, overview),
    flowsPart(view, job, overview),
    movesPart(view, job, overview),
    backtestPart(view, job),
    segmentTables(view, job, overview, segments),
  ];
}

function totals({ formats }: View, { customers, segments, model, currency }: ShownOverview): Html {
  const { revenue_12m, clv_12m } = totalsOf(segments);
  return figures([
    ['Customers', formats.whole(customers)],
    ['Revenue in 12 months', formats.money(revenue_12m, currency)],
    ['Expected in the next 12', formats.money(clv_12m, currency)],
    ['Lifecycle by', model.name === 'recency' ? 'recency' : model.name.toUpperCase().replace('_', '/')],
  ]);
}

function segmentTables(view: View, job: Job, overview: ShownOverview, segments: readonly Segment[]): Html {
  const models = [...new Set(segments.map(({ model }) => model))];
  return html`<section>
    <h2>Every segment</h2>
    ${models.map((model) => modelTable(view, job, overview, model, segments))}
  </section>`;
}

function modelTable(
  { formats }: View,
  job: Job,
  { segments: figures, currency }: ShownOverview,
  model: Segment['model'],
  segments: readonly Segment[],
): Html {
  const playbook = playbookOf(job.segments);
  const known = new Map(figures.map((row) => [row.segment, row]));
  const rows = segments
    .filter((segment) => segment.model === model)
    .flatMap(({ name, label }) => {
      const row = known.get(name);
      if (!row) return [];
      return [
        [
          html`<a href="${segmentPath(job.name, name)}">${label}</a>`,
          formats.whole(row.customers),
          html`<span class="share">${bar(row.share)} ${formats.percent(row.share)}</span>`,
          formats.money(row.revenue_12m, currency),
          formats.money(row.mean_clv_12m, currency),
          formats.whole(row.consented),
          playbook.get(playKey(name))?.meaning ?? '',
        ],
      ];
    });
  const columns = [
    { heading: 'Segment' },
    { heading: 'Customers', numeric: true },
    { heading: 'Share' },
    { heading: 'Revenue, 12 months', numeric: true },
    { heading: 'Mean CLV', numeric: true },
    { heading: 'With consent', numeric: true },
    { heading: 'Who they are', text: true },
  ];
  const title = MODEL_TITLES[model];
  return html`<h3>${title}</h3>
    ${dataTable(title, columns, rows)}`;
}
