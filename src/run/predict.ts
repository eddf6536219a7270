import { choosePurchaseModel, chooseValueModel } from '../models/clv/choose.ts';
import { TWELVE_MONTHS_IN_WEEKS } from '../models/clv/purchase-model.ts';
import { readHistories, readMeanValues } from '../models/clv/rows.ts';
import type { Job } from '../job/load.ts';
import type { Scoring } from '../models/clv/score.ts';
import { fillCurves, scoreSql } from '../models/clv/sql.ts';
import type { RunContext } from './run.ts';

/** Which model was used and with what numbers; time is in weeks. `fallback` says why it is not the one asked for. */
export type ModelReport = {
  name: 'mbg_nbd' | 'bg_nbd' | 'nbd' | 'recency';
  parameters: Record<string, number>;
  standard_errors: Record<string, number>;
  log_likelihood: number | null;
  customers: number;
  /** The model of what a purchase is worth. */
  value: { name: 'gamma_gamma' | 'own_mean'; parameters: Record<string, number> } | null;
  fallback: string | null;
};

/** Which model a job asks for, and how many days ahead purchases are expected. */
export function forecastSettings(job: Job): { model: 'mbg_nbd' | 'bg_nbd' | 'recency'; horizon: number } {
  return job.segments.lifecycle ?? { model: 'mbg_nbd', horizon: 365 };
}

export const DAYS_A_WEEK = 7;

/** What the models know of each customer of a run, time in weeks. Bind `job` and `run`. */
const CUSTOMERS = `(SELECT customer, frequency AS x, recency_days / ${DAYS_A_WEEK} AS t_x,
  age_days / ${DAYS_A_WEEK} AS T, repeat_value AS mean
  FROM profiles WHERE job = {job:String} AND run_id = {run:String})`;

const CURVES = `(SELECT x, octave, purchases, discounted FROM clv_curves
  WHERE job = {job:String} AND run_id = {run:String})`;

/**
 * Fits the model of the job's lifecycle on the run's profiles and stores each customer's p_alive, expected purchases,
 * expected order value and discounted value of twelve months. Where no model holds, nothing is stored and the report
 * says that the rules on recency are used, and why.
 */
export async function predict(run: RunContext, settings = forecastSettings(run.job)): Promise<ModelReport> {
  const { model: asked, horizon } = settings;
  if (asked === 'recency') return byRecency(null);
  const customers = { from: CUSTOMERS, params: { job: run.job.name, run: run.run_id } };
  const histories = await readHistories(run.engine, customers);
  const { model, reasons } = choosePurchaseModel(histories, asked);
  if (!model) return byRecency(reasons.join('; '));
  const value = chooseValueModel(await readMeanValues(run.engine, customers));
  const scoring: Scoring = {
    purchases: model,
    value: value.model,
    horizon: horizon / DAYS_A_WEEK,
    discount: TWELVE_MONTHS_IN_WEEKS,
  };
  const origin = { job: run.job.name, run_id: run.run_id };
  await fillCurves(run.engine, customers, 'clv_curves', scoring, origin);
  const scores = scoreSql(customers, CURVES, scoring);
  // toDecimal64 cuts digits off, also those of a rounded float that is a little less than it looks; half a unit rounds.
  await run.engine.command(
    `INSERT INTO predictions (job, run_id, customer, p_alive, expected_purchases, expected_order_value, clv_12m)
     SELECT {job:String}, {run:String}, customer, p_alive, expected_purchases, expected_order_value,
       toDecimal64(clv + 0.00005, 4) FROM (${scores.sql})`,
    scores.params,
  );
  const all = [...reasons, ...value.reasons];
  return {
    name: model.name,
    parameters: { ...model.parameters },
    standard_errors: { ...model.standard_errors },
    log_likelihood: model.log_likelihood,
    customers: model.customers,
    value: { name: value.model.name, parameters: { ...value.model.parameters } },
    fallback: all.length > 0 ? all.join('; ') : null,
  };
}

/** The report where no model was fitted. */
export function byRecency(fallback: string | null): ModelReport {
  return {
    name: 'recency',
    parameters: {},
    standard_errors: {},
    log_likelihood: null,
    customers: 0,
    value: null,
    fallback,
  };
}
