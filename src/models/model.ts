import type { Params } from '../engine/engine.ts';

/**
 * How a model assigns: a statement over the profiles of one run (bound as `job` and `run`) that gives every customer
 * one row with `customer` and `segment`, and the parameters it takes besides.
 */
export type Assign = { sql: string; params: Params };
