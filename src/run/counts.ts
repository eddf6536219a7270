import { openBinding } from '../models/custom/binding.ts';
import { compileRules } from '../models/custom/compile.ts';
import { countsSql, productTexts, type CountedRows } from '../models/custom/counts-sql.ts';
import { boughtCategories, familiesOf } from '../models/custom/families.ts';
import { describedLines, linesAtHand } from './lines.ts';
import { BY_PEOPLE, EVENT_NODE } from './people.ts';
import { LABELS, ORDERS, person, purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';

const ROWS: Omit<CountedRows, 'lines' | 'lower'> = {
  orders: `(SELECT source, order_id, version, node, day, value, rate FROM (${ORDERS}) WHERE purchase AND node != '')`,
  events: `(SELECT * FROM (SELECT ${EVENT_NODE} AS node, type, toDate32(at, {timezone:String}) AS day
    FROM events FINAL WHERE source IN {sources:Array(String)} AND ${BY_PEOPLE}) WHERE node != '' AND day <= {as_of:Date32})`,
  named: (rows) =>
    `(SELECT ${person('met')}, met.* EXCEPT (node) FROM ${rows} AS met LEFT JOIN ${LABELS} ON known.node = met.node
      SETTINGS join_algorithm = 'hash')`,
};

/**
 * Counts what the job's rules ask about purchases and events and stores it for every customer. Without such a rule
 * nothing is read.
 * @param round which labels of the run hold
 */
export async function countForRules(run: RunContext, round: number): Promise<void> {
  const entries = run.job.segments.custom ?? [];
  const { counted } = compileRules(entries).binding;
  const categories = boughtCategories(familiesOf(entries));
  if (counted.bought.length + counted.did.length + categories.length === 0) return;
  const [lower, hand] = await Promise.all([inSmallLetters(run, productTexts(counted)), linesAtHand(run)]);
  const binding = openBinding();
  const rows = { ...ROWS, lines: `(${describedLines(hand)})`, lower };
  const sql = countsSql(counted, categories, rows, binding);
  await run.engine.command(
    `INSERT INTO counts (job, run_id, customer, bought, did, categories)
     SELECT {job:String}, {run:String}, customer, bought, did, categories FROM (${sql})`,
    { ...purchaseParams(run, round), ...binding.params },
  );
}

/** By the engine, whose small letters are those that lines are compared in. */
async function inSmallLetters(run: RunContext, texts: readonly string[]): Promise<Map<string, string>> {
  const [row] = await run.engine.query<{ lower: string[] }>(
    'SELECT arrayMap(text -> lowerUTF8(text), {texts:Array(String)}) AS lower',
    { texts },
  );
  return new Map(texts.map((text, index) => [text, row!.lower[index]!]));
}
