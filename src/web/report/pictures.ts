import { html, raw } from 'hono/html';
import { MODELS, segmentsOf, type ModelName } from '../../job/segments.ts';
import { backtestPicture } from '../../report/pictures/backtest.ts';
import { flowsPicture, type FlowsPicture } from '../../report/pictures/flows.ts';
import type { PictureOptions } from '../../report/pictures/frame.ts';
import { lifecyclePicture } from '../../report/pictures/lifecycle.ts';
import { mapPicture } from '../../report/pictures/map.ts';
import { movesPicture } from '../../report/pictures/moves.ts';
import { trendPicture } from '../../report/pictures/trend.ts';
import { missText } from '../../report/verdict.ts';
import {
  flowsData,
  lifecycleData,
  mapData,
  MODEL_TITLES,
  movesData,
  trendData,
} from '../../run/picture-data.ts';
import type { Html } from '../layout.ts';
import { dataTable } from '../pieces.ts';
import type { ReportView } from './document.ts';

type Drawn<Data> = (data: Data, options: PictureOptions) => string;

/** The pictures of a report with a word on each; what there is nothing of is left out. */
export function pictureSections(view: ReportView): (Html | string)[] {
  return [
    mapSection(view),
    lifecycleSection(view),
    flowsSection(view),
    movesSection(view),
    trendSection(view),
    backtestSection(view),
  ];
}

/** Drawn twice: the style sheet shows the one that fits the screen. */
function picture<Data>(draw: Drawn<Data>, data: Data): Html {
  return html`<div class="picture wide">${raw(draw(data, { width: 860 }))}</div>
    <div class="picture narrow">${raw(draw(data, { width: 360 }))}</div>`;
}

function mapSection({ job, overview }: ReportView): Html | string {
  const data = mapData(job, overview);
  if (!data) return '';
  return html`<section>
    <h2>Value and engagement</h2>
    <p class="quiet">
      Value is what customers spent in the last ${job.segments.value_engagement!.value.window} days,
      engagement how lately they ordered or visited. The more of the revenue is a segment’s, the darker it is.
    </p>
    ${picture(mapPicture, data)}
  </section>`;
}

function lifecycleSection({ job, overview }: ReportView): Html | string {
  const data = lifecycleData(job, overview);
  return data
    ? html`<section>
        <h2>Lifecycle</h2>
        ${picture(lifecyclePicture, data)}
      </section>`
    : '';
}

function models({ job }: ReportView): ModelName[] {
  return (Object.keys(MODELS) as ModelName[]).filter((model) => job.segments[model]);
}

function flowsSection(view: ReportView): Html | string {
  const { job, overview, formats } = view;
  const drawn = models(view).flatMap((model) => {
    const data = flowsData(job, overview, model);
    if (!data) return [];
    const { cells } = data;
    const count = (chosen: (cell: FlowsPicture['cells'][number]) => boolean) =>
      formats.whole(cells.filter(chosen).reduce((sum, { customers }) => sum + customers, 0));
    const moved = count(({ from, to }) => from !== null && to !== null && from !== to);
    return html`<h3>${MODEL_TITLES[model]}</h3>
      <p class="quiet">
        ${moved} moved to another segment, ${count(({ from }) => from === null)} are new,
        ${count(({ to }) => to === null)} are no customers any more.
      </p>
      ${picture(flowsPicture, data)}`;
  });
  const { lists } = overview;
  if (drawn.length === 0 && lists.length === 0) return '';
  return html`<section>
    <h2>Who moved since ${formats.day(overview.since.as_of)}</h2>
    ${drawn} ${lists.length > 0 ? listTable(view) : ''}
  </section>`;
}

function listTable({ job, overview, formats }: ReportView): Html {
  const labels = new Map(
    segmentsOf(job.segments, overview.categories).map(({ name, label }) => [name, label]),
  );
  const title = 'Segments of your own: who came and left';
  return html`<h3>${title}</h3>
    ${dataTable(
      title,
      [{ heading: 'Segment' }, ...['Stayed', 'Came', 'Left'].map((heading) => ({ heading, numeric: true }))],
      overview.lists.map(({ segment, stayed, joined, left }) => [
        labels.get(segment) ?? segment,
        ...[stayed, joined, left].map(({ customers }) => formats.whole(customers)),
      ]),
    )}`;
}

function movesSection(view: ReportView): Html | string {
  const { job, overview, formats } = view;
  const drawn = models(view).flatMap((model) => {
    const data = movesData(job, overview, model);
    const sums = overview.moves.find((moves) => moves.model === model);
    if (!data || !sums) return [];
    return html`<h3>${MODEL_TITLES[model]}</h3>
      <p class="quiet">
        ${formats.whole(sums.gained.customers)} moved up, worth
        ${formats.money(sums.gained.money, overview.currency)}; ${formats.whole(sums.lost.customers)} moved
        down, worth ${formats.money(sums.lost.money, overview.currency)}.
      </p>
      ${picture(movesPicture, data)}`;
  });
  if (drawn.length === 0) return '';
  const by = overview.moves[0]?.value === 'clv_12m' ? 'mean CLV' : 'mean revenue of 12 months';
  return html`<section>
    <h2>What moves are worth</h2>
    <p class="quiet">
      A move is worth the difference of the ${by} of the two segments today, times those who made it: what was
      gained, and what was lost and could be kept.
    </p>
    ${drawn}
  </section>`;
}

function trendSection(view: ReportView): Html | string {
  const { job, overview, days } = view;
  const drawn = models(view).flatMap((model) => {
    const data = trendData(job, overview, model, days);
    return data
      ? html`<h3>${MODEL_TITLES[model]}</h3>
          ${picture(trendPicture, data)}`
      : [];
  });
  return drawn.length > 0
    ? html`<section>
        <h2>How segments grew</h2>
        <p class="quiet">Customers by segment on the days that runs have looked at.</p>
        ${drawn}
      </section>`
    : '';
}

function backtestSection({ backtest, formats }: ReportView): Html {
  const body =
    'none' in backtest
      ? html`<p>${backtest.none}</p>`
      : html`<p class="quiet">
            The last ${backtest.holdout_days} days were hidden from the model. It expected
            ${formats.whole(Math.round(backtest.purchases.expected))} purchases in them,
            ${formats.whole(backtest.purchases.actual)} were made: ${backtest.purchases.verdict},
            ${missText(backtest.purchases)}.
          </p>
          ${picture(backtestPicture, backtest)}`;
  return html`<section>
    <h2>How far to trust the forecast</h2>
    ${body}
  </section>`;
}
