import { html } from 'hono/html';
import { playKey, playbookOf, type Play } from '../../job/playbook.ts';
import { segmentsOf, type Segment } from '../../job/segments.ts';
import { MODEL_TITLES } from '../../run/picture-data.ts';
import type { Html } from '../layout.ts';
import { dataTable } from '../pieces.ts';
import type { ReportView } from './document.ts';

/** Every segment in numbers, and what to do about it; segments that nobody is in have numbers alone. */
export function segmentSections({ job, overview, formats }: ReportView): Html {
  const segments = segmentsOf(job.segments, overview.categories);
  const figures = new Map(overview.segments.map((row) => [row.segment, row]));
  const playbook = playbookOf(job.segments);
  const { currency } = overview;
  const table = (model: Segment['model'], title: string) => {
    const rows = segments.flatMap(({ name, label, model: its }) => {
      const row = figures.get(name);
      if (its !== model || !row) return [];
      return [
        [
          label,
          formats.whole(row.customers),
          formats.percent(row.share),
          formats.money(row.revenue_12m, currency),
          formats.money(row.mean_clv_12m, currency),
          formats.money(row.mean_order_value, currency),
        ],
      ];
    });
    const numbers = ['Customers', 'Share', 'Revenue, 12 months', 'Mean CLV', 'Mean order'];
    const columns = [{ heading: 'Segment' }, ...numbers.map((heading) => ({ heading, numeric: true }))];
    const plays = segments.flatMap((segment) => {
      const play = playbook.get(playKey(segment.name));
      const some = (figures.get(segment.name)?.customers ?? 0) > 0;
      return segment.model === model && play && some ? [{ label: segment.label, play }] : [];
    });
    const urgent = plays.toSorted((a, b) => (a.play.priority ?? Infinity) - (b.play.priority ?? Infinity));
    return html`<section>
      <h2>${model === 'custom' ? title : `${title}: every segment`}</h2>
      ${dataTable(title, columns, rows)} ${urgent.map(({ label, play }) => playText(label, play))}
    </section>`;
  };
  const models = [...new Set(segments.map(({ model }) => model))];
  return html`${models.map((model) => table(model, MODEL_TITLES[model]))}`;
}

function playText(label: string, { meaning, email, ads, outreach }: Play): Html | string {
  const actions = [
    ['E-mail', email],
    ['Ads', ads],
    ['In person', outreach],
  ].filter(([, text]) => text);
  if (!meaning && actions.length === 0) return '';
  return html`<div class="play">
    <h3>${label}</h3>
    <p>${meaning}</p>
    <dl>
      ${actions.map(
        ([name, text]) =>
          html`<dt>${name}</dt>
            <dd>${text}</dd>`,
      )}
    </dl>
  </div>`;
}

/** What the sources held, as the last run found them. */
export function sourceSection({ sources, formats }: ReportView): Html | string {
  if (!sources) return '';
  const numbers = ['Orders', 'From', 'To', 'Without e-mail', 'Events', 'Rows rejected'];
  const date = (day: string | null) => (day ? formats.day(day) : '–');
  return html`<section>
    <h2>What the sources held</h2>
    <p class="quiet">As the last run found them, up to ${formats.day(sources.as_of)}.</p>
    ${dataTable(
      'Sources',
      [{ heading: 'Source' }, ...numbers.map((heading) => ({ heading, numeric: true }))],
      sources.sources.map((source) => [
        source.source,
        formats.whole(source.orders),
        date(source.first_order),
        date(source.last_order),
        formats.whole(source.orders_without_email),
        formats.whole(source.events),
        formats.whole(source.rejected),
      ]),
    )}
  </section>`;
}

/** When the numbers of a report mislead. */
export function belief(): Html {
  return html`<section>
    <h2>When not to believe it</h2>
    <ul>
      <li>
        CLV is a mean over customers with the same history: use it for segments and budgets, never for one
        person.
      </li>
      <li>The model knows no seasons. Before the high season it expects too little, after it too much.</li>
      <li>After new prices, another assortment or a large campaign it has only seen the old days.</li>
      <li>Subscriptions and goods that are bought once in a life do not follow it.</li>
      <li>
        Somebody who is made to move to another segment need not become like those in it: take gains for the
        most there is.
      </li>
      <li>Revenue is what customers paid for goods. What the goods cost is not taken off.</li>
    </ul>
  </section>`;
}
