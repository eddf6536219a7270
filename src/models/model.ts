import type { Params } from '../engine/engine.ts';

/** How a model assigns: an expression over a customer's facts that gives the name of their segment. */
export type Assign = {
  segment: string;
  /** The columns of `facts` that it reads. */
  columns: readonly string[];
  /** What it binds beside `job` and `run`; the names begin with the model's. */
  params: Params;
  /** Where the model was cut, for the report. */
  limits: Record<string, unknown>;
  warnings?: readonly string[];
};

/** The run that a model looks at, as its statements bind it. */
export type RunIds = { job: string; run: string };
