import type { Engine, Params } from '../engine/engine.ts';
import { partsSql, ruleTree, type ExplainableRule, type RuleTree } from '../report/explain-rules.ts';

/**
 * Asks of one customer which parts of some rules hold, all rules in one statement.
 * @param from rows of customers with the columns that the rules read, as SQL in brackets; `params` are what they bind
 * @returns the rules in words with the answers, by the names of the segments
 */
export async function explainRules(
  engine: Engine,
  { from, params, customer }: { from: string; params: Params; customer: string },
  rules: ReadonlyMap<string, ExplainableRule>,
): Promise<Map<string, RuleTree>> {
  const asked = [...rules].map(([name, rule]) => ({ name, rule, parts: partsSql(rule) }));
  if (asked.length === 0) return new Map();
  // What is unknown meets no condition.
  const answers = asked.map(({ parts }) => `[${parts.map((sql) => `coalesce(${sql}, false)`).join(', ')}]`);
  const [row] = await engine.query<{ answers: boolean[][] }>(
    `SELECT [${answers.join(', ')}] AS answers FROM ${from} WHERE customer = {customer:String}`,
    { ...params, customer },
  );
  if (!row) return new Map();
  return new Map(
    asked.map(({ name, rule }, index) => [name, ruleTree(rule, row.answers[index]!.map(Boolean))]),
  );
}
