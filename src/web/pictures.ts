import { html, raw } from 'hono/html';
import type { Job } from '../job/load.ts';
import { MODELS, type ModelName, type Segment } from '../job/segments.ts';
import { backtestPicture } from '../report/pictures/backtest.ts';
import { flowsPicture } from '../report/pictures/flows.ts';
import type { PictureOptions } from '../report/pictures/frame.ts';
import { lifecyclePicture } from '../report/pictures/lifecycle.ts';
import { mapPicture } from '../report/pictures/map.ts';
import { movesPicture } from '../report/pictures/moves.ts';
import { trendPicture } from '../report/pictures/trend.ts';
import { missText } from '../report/verdict.ts';
import { flowsData, lifecycleData, mapData, MODEL_TITLES, movesData } from '../run/picture-data.ts';
import type { StoredOverview } from '../run/stored-overview.ts';
import { jobPath, segmentPath, type Html } from './layout.ts';
import { action, notice } from './pieces.ts';
import type { View } from './site.ts';

/** What the pictures are drawn at; a screen shows the one that suits it. */
const WIDTHS = { wide: 860, narrow: 340 } as const;

/** A picture for wide and for narrow screens; a screen reader is told of the one that is shown. */
function drawn({ formats }: View, draw: (options: PictureOptions) => string): Html {
  return html`<figure>
    ${Object.entries(WIDTHS).map(
      ([name, width]) => html`<div class="${name}">${raw(draw({ width, locale: formats.locale }))}</div>`,
    )}
  </figure>`;
}

export function mapPart(view: View, job: Job, overview: StoredOverview): Html {
  const map = mapData(job, overview);
  if (!map) return html``;
  const link = (segment: string) => segmentPath(job.name, segment);
  return html`<section>
    <h2>The map: value and engagement</h2>
    <p class="quiet">
      What they spent in 12 months, against how lately they came. Choose a segment for more.
    </p>
    ${drawn(view, (options) => mapPicture(map, { ...options, link }))}
  </section>`;
}

export function lifecyclePart(view: View, job: Job, overview: StoredOverview): Html {
  const lifecycle = lifecycleData(job, overview);
  if (!lifecycle) return html``;
  const link = (segment: string) => segmentPath(job.name, segment);
  return html`<section>
    <h2>Lifecycle</h2>
    ${drawn(view, (options) => lifecyclePicture(lifecycle, { ...options, link }))}
  </section>`;
}

/** Below this the store knows no month ago, and one may want to have it computed. */
const A_MONTH_DAYS = 27;

/** Who moved since the day of comparison; where there is none, the button that computes one. */
export function flowsPart(view: View, job: Job, overview: StoredOverview): Html {
  const { since, as_of } = overview;
  const compute = action(jobPath(job.name, '/compare'), 'Compute the segments of a month ago');
  if (!since) {
    return html`<section>
      <h2>Flows</h2>
      <p>No earlier day is in the store to compare with. It can be computed from the records.</p>
      ${compute}
    </section>`;
  }
  const days = (Date.parse(as_of) - Date.parse(since.as_of)) / 86_400_000;
  return html`<section>
    <h2>Flows since ${view.formats.day(since.as_of)}</h2>
    ${days < A_MONTH_DAYS ? html`<p class="quiet">The store knows no day further back. ${compute}</p>` : ''}
    ${eachModel(overview, (model) => {
      const flows = flowsData(job, overview, model);
      return flows ? drawn(view, (options) => flowsPicture(flows, options)) : html`<p>Nobody was there.</p>`;
    })}
  </section>`;
}

export function movesPart(view: View, job: Job, overview: StoredOverview): Html {
  const { since, moves, currency } = overview;
  if (!since) return html``;
  const { formats } = view;
  return html`<section>
    <h2>What moves are worth</h2>
    <p class="quiet">
      A customer who moves is taken to become like those of the other segment, so take it for the most there
      is.
    </p>
    ${eachModel(overview, (model) => {
      const { gained, lost } = moves.find((one) => one.model === model)!;
      const data = movesData(job, overview, model);
      return html`<p>
          Gained by moves up: ${formats.money(gained.money, currency)} (${formats.whole(gained.customers)}
          customers). Lost to moves down: ${formats.money(lost.money, currency)}
          (${formats.whole(lost.customers)} customers).
        </p>
        ${data ? drawn(view, (options) => movesPicture(data, options)) : html`<p>Nobody moved.</p>`}`;
    })}
  </section>`;
}

/** Something for every model that each customer has one segment of, the first unfolded. */
function eachModel({ flows }: StoredOverview, part: (model: ModelName) => Html): Html[] {
  const models = (Object.keys(MODELS) as ModelName[]).filter((name) =>
    flows.some(({ model }) => model === name),
  );
  return models.map(
    (model, index) =>
      html`<details ${index === 0 ? html`open` : ''}>
        <summary>${MODEL_TITLES[model]}</summary>
        ${part(model)}
      </details>`,
  );
}

/** The last backtest that was asked for, or the button that makes one: it takes as long as a run without the push. */
export function backtestPart(view: View, job: Job): Html {
  const backtest = view.actions.backtest(job.name);
  const button = action(jobPath(job.name, '/backtest'), backtest ? 'Backtest again' : 'Make a backtest');
  if (!backtest) {
    return html`<section>
      <h2>Backtest</h2>
      <p>Hides the last 90 days of the history from the model, and shows how well it forecasts them.</p>
      ${button}
    </section>`;
  }
  const mood = { good: 'good', fair: 'warn', poor: 'bad' } as const;
  const { verdict } = backtest.purchases;
  return html`<section>
    <h2>Backtest</h2>
    ${notice(mood[verdict], `${verdict}: ${missText(backtest.purchases)}`)}
    ${drawn(view, (options) => backtestPicture(backtest, options))} ${button}
  </section>`;
}

/** How a segment grew over the days that are in the store. */
export function trendPart(
  view: View,
  { job, history }: StoredOverview,
  { name, label, model }: Segment,
): Html {
  if (history.length < 2) return html``;
  const days = history.map(({ as_of, segments }) => ({
    as_of,
    segments: segments.filter(({ segment }) => segment === name),
  }));
  const trend = { job, model: MODEL_TITLES[model], segments: [{ segment: name, label }], days };
  return html`<section>
    <h2>Customers over time</h2>
    ${drawn(view, (options) => trendPicture(trend, options))}
  </section>`;
}
