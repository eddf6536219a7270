import { html, raw } from 'hono/html';
import type { Job } from '../../job/load.ts';
import type { TrendPicture } from '../../report/pictures/trend.ts';
import { totalsOf } from '../../report/statistics.ts';
import type { BacktestReport } from '../../run/backtest.ts';
import type { Overview } from '../../run/overview.ts';
import type { SourceQuality } from '../../run/quality.ts';
import { formatsFor, type Formats } from '../formats.ts';
import type { Html } from '../layout.ts';
import { figures, notice } from '../pieces.ts';
import { pictureSections } from './pictures.ts';
import { STYLE } from './style.ts';
import { belief, segmentSections, sourceSection } from './tables.ts';

/** What a report tells. */
export type ReportContent = {
  job: Job;
  overview: Overview;
  /** The days in the store up to the report's, the oldest first. */
  days: TrendPicture['days'];
  /** Or why there is none. */
  backtest: BacktestReport | { none: string };
  /** What the last run found in the sources; null where that is not known. */
  sources: { as_of: string; sources: readonly SourceQuality[] } | null;
};

/** What each part of a report is made from. */
export type ReportView = ReportContent & { formats: Formats };

/** A report on a job's customers as one HTML file that needs nothing else. Nobody is named in it. */
export async function reportDocument(content: ReportContent): Promise<string> {
  const view = { ...content, formats: formatsFor('en') };
  const title = `Customers of ${content.job.name}, ${content.overview.as_of}`;
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        ${heading(view)}
        <main>${pictureSections(view)} ${segmentSections(view)} ${sourceSection(view)} ${belief()}</main>
      </body>
    </html>`;
  return text.toString();
}

function heading({ job, overview, formats }: ReportView): Html {
  const { as_of, since, currency, customers, warnings } = overview;
  const totals = [
    ['Revenue of 12 months', totalsOf(overview.segments).revenue_12m],
    ['CLV of the next 12', totalsOf(overview.segments).clv_12m],
  ] as const;
  return html`<header>
    <h1>Customers of ${job.name}</h1>
    <p class="quiet">
      As of ${formats.day(as_of)}, compared with ${formats.day(since.as_of)}. Money in ${currency}.
    </p>
    ${figures([
      ['Customers', formats.whole(customers)],
      ...totals.flatMap(([name, amount]) =>
        amount === null ? [] : [[name, formats.money(amount, currency)] as const],
      ),
    ])}
    <p>${modelText(overview, formats)}</p>
    ${warnings.map((warning) => notice('warn', warning))}
  </header>`;
}

function modelText({ model }: Overview, formats: Formats): string {
  if (model.name === 'recency') {
    const why = model.fallback ? `: ${model.fallback}` : ', as the job asks';
    return `Customers are judged by the days since their latest order${why}. There is no CLV.`;
  }
  const name = model.name.toUpperCase().replace('_', '/');
  const fallback = model.fallback ? ` It stands in for the one that was asked for: ${model.fallback}.` : '';
  return `Customers are judged by the model ${name}, fitted on ${formats.whole(model.customers)} of them.${fallback}`;
}
