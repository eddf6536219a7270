import { html } from 'hono/html';
import type { Job } from '../../job/load.ts';
import { playKey, playbookOf, type Play } from '../../job/playbook.ts';
import { segmentsOf } from '../../job/segments.ts';
import { MODEL_TITLES } from '../../run/picture-data.ts';
import type { StoredOverview } from '../../run/stored-overview.ts';
import { dataTable, figures } from '../pieces.ts';
import { segmentPath, type Html } from '../layout.ts';
import { trendPart } from '../pictures.ts';
import type { View } from '../site.ts';

/** One segment: who they are, how it grew, who came and went, what to do. Undefined where there is none of this name. */
export async function segmentPage(view: View, job: Job, name: string): Promise<Html[] | undefined> {
  const overview = await view.overview(job);
  const segments = segmentsOf(job.segments, overview?.categories);
  const segment = segments.find((one) => one.name === name);
  const row = overview?.segments.find((one) => one.segment === name);
  if (!overview || !segment || !row) return undefined;
  const { formats } = view;
  const { currency } = overview;
  const labels = new Map(segments.map((one) => [one.name, one.label]));
  const play = playbookOf(job.segments).get(playKey(name));
  return [
    html`<h1>${segment.label}</h1>
      <p class="quiet">${MODEL_TITLES[segment.model]} · ${name} · as of ${formats.day(overview.as_of)}</p>
      ${play?.meaning ? html`<p class="lead">${play.meaning}</p>` : ''}`,
    figures([
      ['Customers', formats.whole(row.customers)],
      ['Of all', formats.percent(row.share)],
      ['Revenue in 12 months', formats.money(row.revenue_12m, currency)],
      ['Mean CLV', formats.money(row.mean_clv_12m, currency)],
      ['Mean order', formats.money(row.mean_order_value, currency)],
      [
        'Days since the latest order',
        row.median_days_since_order === null ? '–' : `${formats.whole(row.median_days_since_order)} (median)`,
      ],
      ['With consent', formats.whole(row.consented)],
    ]),
    html`<p>
      <a class="button main" href="${segmentPath(job.name, name)}.csv" download="${name}.csv"
        >Download as CSV</a
      >
      <span class="quiet">with e-mail addresses, every figure and what to do</span>
    </p>`,
    ...(play ? [plan(play)] : []),
    trendPart(view, overview, segment),
    comings(view, overview, name, labels),
    reach(view, row.reachable),
  ];
}

function plan({ email, ads, outreach }: Play): Html {
  const parts = [
    ['By e-mail', email],
    ['In ads', ads],
    ['Person to person', outreach],
  ].filter(([, text]) => text !== '');
  if (parts.length === 0) return html``;
  return html`<section>
    <h2>What to do</h2>
    <dl class="plan">
      ${parts.map(
        ([name, text]) =>
          html`<dt>${name}</dt>
            <dd>${text}</dd>`,
      )}
    </dl>
  </section>`;
}

/** Where its customers came from since the day of comparison, and where those who left are now. */
function comings(
  { formats }: View,
  { flows, lists, since }: StoredOverview,
  name: string,
  labels: ReadonlyMap<string, string>,
): Html {
  const called = (segment: string | null, none: string) =>
    segment === null ? none : (labels.get(segment) ?? segment);
  if (!since) return html``;
  const list = lists.find(({ segment }) => segment === name);
  const cells = flows.flatMap((model) => model.cells);
  const came = cells.filter(({ from, to }) => to === name && from !== name);
  const went = cells.filter(({ from, to }) => from === name && to !== name);
  const rows = list
    ? [
        ['stayed', formats.whole(list.stayed.customers)],
        ['joined', formats.whole(list.joined.customers)],
        ['left', formats.whole(list.left.customers)],
      ]
    : [
        ...came.map(({ from, customers }) => [
          `from ${called(from, 'nowhere: new customers')}`,
          `+${formats.whole(customers)}`,
        ]),
        ...went.map(({ to, customers }) => [
          `to ${called(to, 'nowhere: no customers any more')}`,
          `−${formats.whole(customers)}`,
        ]),
      ];
  const title = `Since ${formats.day(since.as_of)}`;
  if (rows.length === 0)
    return html`<h2>${title}</h2>
      <p>Nobody came or went.</p>`;
  return html`<h2>${title}</h2>
    ${dataTable(`Who came and went ${title.toLowerCase()}`, [{ heading: 'Who' }, { heading: 'Customers', numeric: true }], rows)}`;
}

function reach({ formats }: View, reachable: Readonly<Record<string, number>>): Html {
  const rows = Object.entries(reachable).map(([destination, customers]) => [
    destination,
    formats.whole(customers),
  ]);
  if (rows.length === 0) return html``;
  return html`<h2>Who may be sent</h2>
    ${dataTable('Customers who may be sent to each destination', [{ heading: 'Destination' }, { heading: 'Customers', numeric: true }], rows)}`;
}
