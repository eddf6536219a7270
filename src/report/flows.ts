import type { Engine } from '../engine/engine.ts';

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

/** As many segments as a number has bits. */
const MOST_SEGMENTS = 64;

/** A bit for each segment. */
const BITS = 'arrayMap(index -> bitShiftLeft(toUInt64(1), index), range(length({segments:Array(String)})))';

/**
 * Everybody who was a customer on either day: `was` and `is` hold a bit for each of the segments they were in.
 *
 * A customer's name is the least node of a person, so it changes when records show more of the person. A name of old
 * is still one of the nodes, and its label today is the name of today. Where that makes two customers one, they count
 * once, with the money and the segments of both. Both days are read in one pass, and numbers instead of names are
 * kept for each customer. Bind a Span, and `segments`.
 */
const PEOPLE = `
  SELECT coalesce(nullIf(known.label, ''), a.customer) AS person,
    groupBitOrIf(bits_held, first_day) AS was, groupBitOrIf(bits_held, NOT first_day) AS is,
    sumIf(revenue_12m, first_day) AS revenue_before, sumIf(revenue_12m, NOT first_day) AS revenue_after,
    sumOrNullIf(clv_12m, first_day) AS clv_before, sumOrNullIf(clv_12m, NOT first_day) AS clv_after
  FROM (
    SELECT customer, revenue_12m, clv_12m, run_id = {before:String} AS first_day,
      arraySum(name -> transform(name, {segments:Array(String)}, ${BITS}, toUInt64(0)), segments) AS bits_held
    FROM assignments WHERE job = {job:String} AND run_id IN ({before:String}, {after:String})
  ) AS a
  LEFT JOIN (
    SELECT node, label FROM identity_labels
    WHERE job = {job:String} AND run_id = {names:String} AND node != label
      AND round = (SELECT max(round) FROM identity_labels WHERE job = {job:String} AND run_id = {names:String})
      AND node IN (SELECT customer FROM assignments WHERE job = {job:String} AND run_id IN ({before:String}, {after:String}))
  ) AS known ON known.node = a.customer
  GROUP BY person`;

/** Customers who are alike in their segments together, so that names are found once for all of them. */
const ALIKE = `
  SELECT was, is, count() AS people, sum(p.revenue_before) AS revenue_before, sum(p.revenue_after) AS revenue_after,
    sumOrNull(p.clv_before) AS clv_before, sumOrNull(p.clv_after) AS clv_after
  FROM (${PEOPLE}) AS p GROUP BY was, is`;

const MONEY = `toUInt32(sum(people)) AS customers, toString(sum(a.revenue_before)) AS revenue_before,
  toString(sum(a.revenue_after)) AS revenue_after, toString(sumOrNull(a.clv_before)) AS clv_before,
  toString(sumOrNull(a.clv_after)) AS clv_after`;

/**
 * @param segments full names, those of models of which each customer has exactly one segment, in the models' order: of
 *   two customers who turned out to be one, the first of their segments counts
 * @returns one matrix for each model, its cells in the order of their names
 */
export async function modelFlows(
  engine: Engine,
  span: Span,
  segments: readonly string[],
): Promise<ModelFlows[]> {
  const models = [...new Set(segments.map((name) => name.split('.')[0]!))];
  const own = (bits: string) =>
    `arrayFirst((name, bit) -> startsWith(name, concat(model, '.')) AND bitAnd(bit, ${bits}) != 0,
      {segments:Array(String)}, ${BITS})`;
  const cells = await engine.query<{ model: string } & FlowCell>(
    `SELECT model, nullIf(was_in, '') AS from, nullIf(is_in, '') AS to, ${MONEY}
     FROM (SELECT arrayJoin({models:Array(String)}) AS model, ${own('was')} AS was_in, ${own('is')} AS is_in, *
           FROM (${ALIKE})) AS a
     WHERE was_in != '' OR is_in != '' GROUP BY model, was_in, is_in ORDER BY model, was_in, is_in`,
    { ...span, models, segments },
  );
  return models.map((model) => ({
    model,
    cells: cells
      .filter((cell) => cell.model === model)
      .map(({ from, to, ...flow }) => ({ from, to, ...flowOf(flow) })),
  }));
}

/**
 * @param lists full names of segments of `custom`
 * @returns the comings and goings of each list that anybody was in, in their order
 */
export async function listFlows(engine: Engine, span: Span, lists: readonly string[]): Promise<ListFlows[]> {
  const found: ListFlows[] = [];
  for (let from = 0; from < lists.length; from += MOST_SEGMENTS) {
    const segments = lists.slice(from, from + MOST_SEGMENTS);
    const rows = await engine.query<{ segment: string; kind: string } & Flow>(
      `SELECT held.1 AS segment,
         multiIf(bitAnd(held.2, is) = 0, 'left', bitAnd(held.2, was) = 0, 'joined', 'stayed') AS kind, ${MONEY}
       FROM (SELECT arrayJoin(arrayFilter(one -> bitAnd(one.2, bitOr(was, is)) != 0,
               arrayZip({segments:Array(String)}, ${BITS}))) AS held, * FROM (${ALIKE})) AS a
       GROUP BY segment, kind`,
      { ...span, segments },
    );
    const flow = (segment: string, kind: string) =>
      flowOf(rows.find((row) => row.segment === segment && row.kind === kind) ?? NOBODY);
    const held = segments.filter((segment) => rows.some((row) => row.segment === segment));
    found.push(
      ...held.map((segment) => ({
        segment,
        stayed: flow(segment, 'stayed'),
        joined: flow(segment, 'joined'),
        left: flow(segment, 'left'),
      })),
    );
  }
  return found;
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
