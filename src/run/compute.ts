import { countForRules } from './counts.ts';
import { findFavourites } from './favourites.ts';
import { checkForecast, poorForecast } from './forecast.ts';
import { predict } from './predict.ts';
import { profile, type Profiled } from './profile.ts';
import type { RunReport, Stage } from './report.ts';
import type { RunContext } from './run.ts';
import { assignSegments, scoreCustomers, segmentReports } from './segment.ts';

/** Runs a stage; `total` is how many members it has to send, where it sends. */
export type Timed = <Result>(stage: Stage, work: () => Promise<Result>, total?: number) => Promise<Result>;

/**
 * profile → predict → favourites → segment, of a run or of a past date: gives every customer there was by the run's
 * date their segments, from the records as they are in the store, and puts what comes of it into the report. Where
 * there was no customer, it ends after the profiles.
 */
export async function computeSegments(run: RunContext, report: RunReport, timed: Timed): Promise<Profiled> {
  const profiled = await timed('profile', () => profile(run));
  report.customers = profiled.customers;
  report.warnings.push(...profiled.warnings);
  if (profiled.customers === 0) return profiled;
  report.model = await timed('predict', () => predict(run));
  if (run.job.segments.value_tier && report.model.name === 'recency') {
    report.warnings.push('value_tier counts what was spent, and nothing predicted: no model is used');
  }
  const unused = await timed('favourites', () => findFavourites(run, profiled.round, report.model));
  report.warnings.push(...unused);
  report.segments = await timed('segment', async () => {
    await Promise.all([scoreCustomers(run), countForRules(run, profiled.round)]);
    const assigned = await assignSegments(run, report.model.name !== 'recency', profiled.round);
    report.limits = assigned.limits;
    report.categories = assigned.categories;
    report.warnings.push(...assigned.warnings);
    return segmentReports(run, assigned.categories);
  });
  return profiled;
}

/** Checks a run's model against the last days, and warns where it does poorly. */
export async function checkModel(run: RunContext, report: RunReport, profiled: Profiled): Promise<void> {
  report.backtest = await checkForecast(run, profiled);
  if (report.backtest?.verdict === 'poor') report.warnings.push(poorForecast(run.job, report.backtest));
}
