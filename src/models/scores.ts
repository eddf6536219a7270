import type { Params } from '../engine/engine.ts';

/** The customers of a run, as scores are computed from them. Bind `job` and `run`. */
export const SCORED = 'profiles WHERE job = {job:String} AND run_id = {run:String}';

/** Parts of a statement that scores every customer of a run in one pass over `SCORED`. */
export type Scores = {
  /** What is the same for all customers, as parts of WITH; worked out once. */
  shared: readonly string[];
  /** SQL over a profile, by the column of `scores` that it gives. */
  columns: Readonly<Record<string, string>>;
  /** What it binds beside `job` and `run`. */
  params: Params;
};
