import { html, raw } from 'hono/html';
import type { Job } from '../job/load.ts';
import type { Segment } from '../job/segments.ts';
import { moneyMoves } from '../report/moves.ts';
import { backtestPicture } from '../report/pictures/backtest.ts';
import { flowsPicture } from '../report/pictures/flows.ts';
import type { PictureOptions } from '../report/pictures/frame.ts';
import { lifecyclePicture } from '../report/pictures/lifecycle.ts';
import { mapPicture } from '../report/pictures/map.ts';
import { movesPicture } from '../report/pictures/moves.ts';
import { trendPicture } from '../report/pictures/trend.ts';
import { missText } from '../report/verdict.ts';
import type { StoredOverview } from '../run/stored-overview.ts';
import { jobPath, type Html } from './layout.ts';
import { MODEL_TITLES, segmentPath } from './names.ts';
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

/** The segments of a model with their figures; those that the run did not know are left out. */
function shown(overview: StoredOverview, segments: readonly Segment[], model: string) {
  return segments
    .filter((segment) => segment.model === model)
    .flatMap(({ name, label }) => {
      const row = overview.segments.find(({ segment }) => segment === name);
      return row ? [{ ...row, label }] : [];
    });
}

export function mapPart(view: View, job: Job, overview: StoredOverview, segments: readonly Segment[]): Html {
  const settings = job.segments.value_engagement;
  const rows = shown(overview, segments, 'value_engagement');
  if (!settings || rows.length === 0) return html``;
  const { as_of, currency } = overview;
  const map = { job: job.name, as_of, currency, grid: settings.grid, segments: rows };
  return html`<section>
    <h2>The map: value and engagement</h2>
    <p class="quiet">
      What they spent in 12 months, against how lately they came. Choose a segment for more.
    </p>
    ${drawn(view, (options) => mapPicture(map, { ...options, link: (name) => segmentPath(job, name) }))}
  </section>`;
}

export function lifecyclePart(
  view: View,
  job: Job,
  overview: StoredOverview,
  segments: readonly Segment[],
): Html {
  const rows = shown(overview, segments, 'lifecycle');
  if (rows.length === 0) return html``;
  const { as_of, currency } = overview;
  const picture = { job: job.name, as_of, currency, segments: rows };
  return html`<section>
    <h2>Lifecycle</h2>
    ${drawn(view, (options) => lifecyclePicture(picture, { ...options, link: (name) => segmentPath(job, name) }))}
  </section>`;
}

/** Who moved since the day of comparison; where there is none, the button that computes one. */
export function flowsPart(
  view: View,
  job: Job,
  overview: StoredOverview,
  segments: readonly Segment[],
): Html {
  const { since, as_of, flows } = overview;
  const { formats } = view;
  const compute = action(jobPath(job.name, '/compare'), 'Compute the segments of a month ago');
  if (!since) {
    return html`<section>
      <h2>Flows</h2>
      <p>No earlier day is in the store to compare with. It can be computed from the records.</p>
      ${compute}
    </section>`;
  }
  const days = (Date.parse(as_of) - Date.parse(since.as_of)) / 86_400_000;
  const SHORT = 27;
  return html`<section>
    <h2>Flows since ${formats.day(since.as_of)}</h2>
    ${days < SHORT ? html`<p class="quiet">The store knows no day further back. ${compute}</p>` : ''}
    ${flows.map(({ model, cells }, index) => {
      const picture = {
        job: job.name,
        model: MODEL_TITLES[model] ?? model,
        since: since.as_of,
        as_of,
        segments: segments
          .filter((one) => one.model === model)
          .map(({ name, label }) => ({ segment: name, label })),
        cells,
      };
      return html`<details ${index === 0 ? html`open` : ''}>
        <summary>${picture.model}</summary>
        ${drawn(view, (options) => flowsPicture(picture, options))}
      </details>`;
    })}
  </section>`;
}

export function movesPart(
  view: View,
  { since, moves, as_of, currency, job }: StoredOverview,
  segments: readonly Segment[],
): Html {
  if (!since) return html``;
  const { formats } = view;
  return html`<section>
    <h2>What moves are worth</h2>
    <p class="quiet">
      A customer who moves is taken to become like those of the other segment, so take it for the most there
      is.
    </p>
    ${moves.map((model, index) => {
      const title = MODEL_TITLES[model.model] ?? model.model;
      const picture = {
        job,
        model: title,
        since: since.as_of,
        as_of,
        currency,
        value: model.value,
        moves: model.moves,
        segments: segments
          .filter((one) => one.model === model.model)
          .map(({ name, label }) => ({ segment: name, label })),
      };
      return html`<details ${index === 0 ? html`open` : ''}>
        <summary>${title}</summary>
        <p>
          Gained by moves up: ${formats.money(model.gained.money, currency)}
          (${formats.whole(model.gained.customers)} customers). Lost to moves down:
          ${formats.money(model.lost.money, currency)} (${formats.whole(model.lost.customers)} customers).
        </p>
        ${moneyMoves(model.moves).length > 0 ? drawn(view, (options) => movesPicture(picture, options)) : html`<p>Nobody moved.</p>`}
      </details>`;
    })}
  </section>`;
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
  const picture = { job, model: MODEL_TITLES[model] ?? model, segments: [{ segment: name, label }], days };
  return html`<section>
    <h2>Customers over time</h2>
    ${drawn(view, (options) => trendPicture(picture, options))}
  </section>`;
}
