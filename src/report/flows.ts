import type { Engine, Params } from '../engine/engine.ts';

/** Customers and their money on the two days; a decimal string each in the job's currency, null where no CLV is known. */
type Flow = {
  customers: number;
  revenue_before: string;
  revenue_after: string;
  clv_before: string | null;
  clv_after: string | null;
};

/**
 * One cell of a model's matrix: who was in the segment `from` on the first day and is in `to` on the second. `from` is
 * null for those who were no customers yet, `to` for those who are none any more. Cells without customers are absent.
 */
export type FlowCell = { from: string | null; to: string | null } & Flow;

/** The moves between the segments of a model in which each customer has exactly one. */
export type ModelFlows = { model: string; cells: FlowCell[] };

/** The comings and goings of a list: a segment of `custom`, where a customer may be in several. */
export type ListFlows = { segment: string; stayed: Flow; joined: Flow; left: Flow };

/** Two days of a job, as bound to the statements on them. */
export type Span = {
  job: string;
  /** Runs whose assignments are those of the first day and of the second. */
  before: string;
  after: string;
  /** The run whose `identity_labels` say who is who today; '' where there is none. */
  names: string;
};

/**
 * Everybody who was a customer on either day: `was` and `is` are their segments, empty where they were none.
 *
 * A customer's name is the least node of a person, so it changes when records show more of the person. A name of old
 * is still one of the nodes, and its label today is the name of today. Where that makes two customers one, they count
 * once, with the money of both and the segments of the one who had spent more. Both days are read in one pass.
 */
const PEOPLE = `
  SELECT coalesce(nullIf(known.label, ''), a.customer) AS person,
    argMaxIf(segments, (revenue_12m, a.customer), run_id = {before:String}) AS was,
    argMaxIf(segments, (revenue_12m, a.customer), run_id = {after:String}) AS is,
    sumIf(revenue_12m, run_id = {before:String}) AS revenue_before,
    sumIf(revenue_12m, run_id = {after:String}) AS revenue_after,
    sumOrNullIf(clv_12m, run_id = {before:String}) AS clv_before,
    sumOrNullIf(clv_12m, run_id = {after:String}) AS clv_after
  FROM (SELECT * FROM assignments WHERE job = {job:String} AND run_id IN ({before:String}, {after:String})) AS a
  LEFT JOIN (
    SELECT node, label FROM identity_labels
    WHERE job = {job:String} AND run_id = {names:String} AND node != label
      AND round = (SELECT max(round) FROM identity_labels WHERE job = {job:String} AND run_id = {names:String})
      AND node IN (SELECT customer FROM assignments WHERE job = {job:String} AND run_id IN ({before:String}, {after:String}))
  ) AS known ON known.node = a.customer
  GROUP BY person`;

const MONEY = `toUInt32(count()) AS customers, toString(sum(p.revenue_before)) AS revenue_before,
  toString(sum(p.revenue_after)) AS revenue_after, toString(sumOrNull(p.clv_before)) AS clv_before,
  toString(sumOrNull(p.clv_after)) AS clv_after`;

/**
 * @param models those of which each customer has exactly one segment
 * @returns one matrix for each, its cells in the order of their names
 */
export async function modelFlows(
  engine: Engine,
  span: Span,
  models: readonly string[],
): Promise<ModelFlows[]> {
  const own = (segments: string) => `arrayFirst(name -> startsWith(name, concat(model, '.')), ${segments})`;
  const cells = await engine.query<{ model: string } & FlowCell>(
    `SELECT model, nullIf(was_in, '') AS from, nullIf(is_in, '') AS to, ${MONEY}
     FROM (SELECT arrayJoin({models:Array(String)}) AS model, ${own('was')} AS was_in, ${own('is')} AS is_in, *
           FROM (${PEOPLE})) AS p
     WHERE was_in != '' OR is_in != '' GROUP BY model, was_in, is_in ORDER BY model, was_in, is_in`,
    { ...span, models },
  );
  return models.map((model) => ({
    model,
    cells: cells
      .filter((cell) => cell.model === model)
      .map(({ from, to, ...flow }) => ({ from, to, ...flowOf(flow) })),
  }));
}

/** @returns the comings and goings of each list (the segments of `custom`) that anybody was in, by name */
export async function listFlows(engine: Engine, span: Span): Promise<ListFlows[]> {
  const rows = await engine.query<{ segment: string; kind: 'stayed' | 'joined' | 'left' } & Flow>(
    `SELECT segment, multiIf(NOT has(is, segment), 'left', has(was, segment), 'stayed', 'joined') AS kind, ${MONEY}
     FROM (SELECT arrayJoin(arrayFilter(name -> startsWith(name, 'custom.'), arrayDistinct(arrayConcat(was, is)))) AS segment,
             * FROM (${PEOPLE})) AS p
     GROUP BY segment, kind ORDER BY segment`,
    span satisfies Params,
  );
  const flow = (segment: string, kind: string) =>
    flowOf(rows.find((row) => row.segment === segment && row.kind === kind) ?? NOBODY);
  return [...new Set(rows.map(({ segment }) => segment))].map((segment) => ({
    segment,
    stayed: flow(segment, 'stayed'),
    joined: flow(segment, 'joined'),
    left: flow(segment, 'left'),
  }));
}

function flowOf({ customers, revenue_before, revenue_after, clv_before, clv_after }: Flow): Flow {
  return { customers, revenue_before, revenue_after, clv_before, clv_after };
}

const NOBODY: Flow = {
  customers: 0,
  revenue_before: '0',
  revenue_after: '0',
  clv_before: null,
  clv_after: null,
};
