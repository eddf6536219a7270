import type { Engine } from '../engine/engine.ts';
import type { ModelFlows, Span } from './flows.ts';

/** Money in the job's currency as a decimal string; null where a segment has nobody left to take a mean of. */
type Move = {
  from: string;
  to: string;
  /** What moving one customer is worth: the mean value of `to` less that of `from`. Negative for a move down. */
  worth: string | null;
  /** Its 95 % interval; null where a segment has a single customer, or all in both are worth the same. */
  low: string | null;
  high: string | null;
  /** Customers who made this move between the two days. */
  moved: number;
  /** `worth` times `moved`. */
  money: string | null;
};

export type ModelMoves = {
  model: string;
  /** What customers are valued by: CLV, or the revenue of the last 12 months where no CLV is computed. */
  value: 'clv_12m' | 'revenue_12m';
  /** Every pair of segments, the biggest gain first. */
  moves: Move[];
  /** Over all moves that go up, and all that go down: who made them, and what they are worth together. */
  gained: { customers: number; money: string };
  lost: { customers: number; money: string };
};

type Row = Move & { model: string } & Record<'gainers' | 'losers', number> &
  Record<'gained' | 'lost', string>;

/**
 * What moves between the segments of a model are worth.
 *
 * - The worth of a move is the difference of the mean values of the two segments on the second day: what a customer
 *   would be worth more who became like those of the other segment. Its interval is Welch's, which takes neither the
 *   sizes nor the variances of the two to be equal.
 * - The money of a move is its worth times the customers who made it. For a move up it is what was gained, and would
 *   be again if as many more moved; for a move down what was lost, and is kept if they are kept. So the moves with the
 *   most money, up or down, are where the biggest gain is; those that nobody made come last, by their worth.
 * - The money lost to downward moves is the sum over all moves of negative worth. Newcomers, and those who are no
 *   customers any more, made no move.
 *
 * All are valued by the means of one day, so that the value of a move does not mix with what happened to the means.
 */
export async function modelMoves(
  engine: Engine,
  { job, after }: Pick<Span, 'job' | 'after'>,
  flows: readonly ModelFlows[],
): Promise<ModelMoves[]> {
  const ids = { job, run: after };
  const [known] = await engine.query<{ predicted: boolean }>(
    'SELECT count(clv_12m) > 0 AS predicted FROM assignments WHERE job = {job:String} AND run_id = {run:String}',
    ids,
  );
  const value = known?.predicted ? 'clv_12m' : 'revenue_12m';
  const made = flows.flatMap(({ cells }) => cells.filter(({ from, to }) => from && to && from !== to));
  const rows = await engine.query<Row>(statement(value), {
    ...ids,
    models: flows.map(({ model }) => model),
    from: made.map(({ from }) => from),
    to: made.map(({ to }) => to),
    moved: made.map(({ customers }) => customers),
  });
  return flows.map(({ model }) => {
    const mine = rows.filter((row) => row.model === model);
    const { gainers = 0, losers = 0, gained = '0', lost = '0' } = mine[0] ?? {};
    return {
      model,
      value,
      moves: mine.map(moveOf),
      gained: { customers: gainers, money: gained },
      lost: { customers: losers, money: lost },
    };
  });
}

/** The moves that customers made and that have a value, the biggest money first, up or down. */
export function moneyMoves<Made extends Pick<Move, 'moved' | 'money'>>(moves: readonly Made[]): Made[] {
  return moves
    .filter(({ moved, money }) => moved > 0 && money !== null && Number(money) !== 0)
    .toSorted((a, b) => Math.abs(Number(b.money)) - Math.abs(Number(a.money)));
}

function moveOf({ from, to, worth, low, high, moved, money }: Move): Move {
  return { from, to, worth, low, high, moved, money };
}

/** Welch's test keeps counts and moments, so a segment's are taken once and put together pair by pair. */
function statement(value: ModelMoves['value']): string {
  const amount = (figure: string) => `toDecimal64(round(${figure}, 2), 2)`;
  // Not a number, where there is no interval, is no decimal.
  const bound = (figure: string) => `toString(toDecimal64OrNull(toString(round(${figure}, 2)), 2))`;
  return `
    WITH segments AS (
      SELECT segment, splitByChar('.', segment)[1] AS model, sum(${value}) / count() AS mean,
        welchTTestState(0.95)(toFloat64(${value}), toUInt8(0)) AS as_first,
        welchTTestState(0.95)(toFloat64(${value}), toUInt8(1)) AS as_second
      FROM (SELECT arrayJoin(segments) AS segment, assumeNotNull(${value}) AS ${value} FROM assignments
            WHERE job = {job:String} AND run_id = {run:String} AND ${value} IS NOT NULL)
      WHERE has({models:Array(String)}, model) GROUP BY segment
    ),
    pairs AS (
      SELECT model, f.segment AS from, t.segment AS to, toDecimal64(round(any(t.mean) - any(f.mean), 4), 4) AS worth,
        welchTTestMerge(0.95)(arrayJoin([t.as_first, f.as_second])) AS test,
        test.3 AS low, test.4 AS high
      FROM segments AS f INNER JOIN segments AS t USING (model) WHERE from != to GROUP BY model, from, to
    ),
    made AS (
      SELECT move.1 AS from, move.2 AS to, move.3 AS customers FROM (
        SELECT arrayJoin(arrayZip({from:Array(String)}, {to:Array(String)}, {moved:Array(UInt32)})) AS move)
    ),
    moves AS (
      SELECT coalesce(p.model, splitByChar('.', from)[1]) AS model, from, to, p.worth AS worth, p.low AS low, p.high AS high,
        toUInt32(coalesce(made.customers, 0)) AS moved, worth * moved AS money
      FROM pairs AS p FULL JOIN made USING (from, to)
    )
    SELECT model, from, to, toString(${amount('worth')}) AS worth, ${bound('low')} AS low, ${bound('high')} AS high,
      moved, toString(${amount('money')}) AS money,
      toUInt32(sumIf(m.moved, m.worth > 0) OVER mine) AS gainers, toUInt32(sumIf(m.moved, m.worth < 0) OVER mine) AS losers,
      toString(${amount('sumIf(m.money, m.worth > 0) OVER mine')}) AS gained,
      toString(${amount('-sumIf(m.money, m.worth < 0) OVER mine')}) AS lost
    FROM moves AS m WINDOW mine AS (PARTITION BY model)
    ORDER BY model, m.worth IS NULL, abs(m.money) DESC, abs(m.worth) DESC, from, to`;
}
