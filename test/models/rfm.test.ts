import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreCustomers } from '../../src/run/segment.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();

type Buyer = { days_since_order?: number; purchase_days?: number; revenue?: string };
type Scores = { customer: string; r_score: number; f_score: number; m_score: number };

/** The scores of a shop's customers, in the order they are given in. */
async function scoresOf(buyers: Buyer[]): Promise<Omit<Scores, 'customer'>[]> {
  const run = stage.shop().context('2026-03-31');
  const ids = { job: run.job.name, run_id: run.run_id };
  const rows = buyers.map((buyer, index) => ({
    ...ids,
    customer: String(index).padStart(5, '0'),
    days_since_order: 0,
    purchase_days: 1,
    revenue: '0',
    ...buyer,
  }));
  if (rows.length > 0) await stage.engine.insert('profiles', rows);
  await scoreCustomers(run);
  const found = await stage.engine.query<Scores>(
    `SELECT customer, r_score, f_score, m_score FROM scores
     WHERE job = {job:String} AND run_id = {run_id:String} ORDER BY customer`,
    ids,
  );
  expect(found.map(({ customer }) => customer)).toEqual(rows.map(({ customer }) => customer));
  return found.map(({ r_score, f_score, m_score }) => ({ r_score, f_score, m_score }));
}

describe('the R, F and M scores', () => {
  test('part ten different customers in fives of two, the best with 5', async () => {
    const buyers = Array.from({ length: 10 }, (_, index) => ({
      days_since_order: 300 - 10 * index,
      purchase_days: index + 1,
      revenue: `${index}.0001`,
    }));

    const scores = await scoresOf(buyers);

    const expected = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5];
    for (const score of ['r_score', 'f_score', 'm_score'] as const)
      expect(scores.map((row) => row[score])).toEqual(expected);
  });

  test('stand for three different things', async () => {
    const [loyal] = await scoresOf([
      { days_since_order: 900, purchase_days: 40, revenue: '50' },
      { days_since_order: 1, purchase_days: 1, revenue: '40' },
      { days_since_order: 2, purchase_days: 1, revenue: '900' },
      { days_since_order: 3, purchase_days: 2, revenue: '60' },
      { days_since_order: 4, purchase_days: 3, revenue: '70' },
    ]);

    expect(loyal).toEqual({ r_score: 1, f_score: 5, m_score: 2 });
  });

  test('are equal for equal numbers: who bought once is in the lowest, however many they are', async () => {
    const days = [1, 1, 1, 1, 1, 1, 1, 2, 2, 9];

    const scores = await scoresOf(days.map((purchase_days) => ({ purchase_days })));

    expect(scores.map(({ f_score }) => f_score)).toEqual([1, 1, 1, 1, 1, 1, 1, 4, 4, 5]);
  });

  test('are 1 where nobody does worse: for a single customer, and for revenue where nobody spent', async () => {
    expect(await scoresOf([{ revenue: '20' }])).toEqual([{ r_score: 1, f_score: 1, m_score: 1 }]);
    const unpaid = await scoresOf([{ purchase_days: 1 }, { purchase_days: 2 }]);
    expect(unpaid.map(({ m_score }) => m_score)).toEqual([1, 1]);
    expect(await scoresOf([])).toEqual([]);
  });

  test('are 1 and the whole fifths of customers who do worse, on every axis', async () => {
    const few = { min: 0, max: 6 };
    const buyer = fc.record({
      days_since_order: fc.oneof(fc.integer(few), fc.nat(4000)),
      purchase_days: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 400 })),
      revenue: fc.oneof(fc.integer(few), fc.nat(99_999_999)),
    });
    const fifthsBelow = (worse: number, of: number) => 1 + Math.floor((5 * worse) / of);

    await fc.assert(
      fc.asyncProperty(fc.array(buyer, { minLength: 1, maxLength: 60 }), async (buyers) => {
        const scores = await scoresOf(
          buyers.map(({ revenue, ...buyer }) => ({ ...buyer, revenue: (revenue / 100).toFixed(2) })),
        );

        const expected = buyers.map((one) => {
          const worse = (is: (other: typeof one) => boolean) =>
            fifthsBelow(buyers.filter(is).length, buyers.length);
          return {
            r_score: worse((other) => other.days_since_order > one.days_since_order),
            f_score: worse((other) => other.purchase_days < one.purchase_days),
            m_score: worse((other) => other.revenue < one.revenue),
          };
        });
        expect(scores).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});
