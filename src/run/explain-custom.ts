import type { Engine } from '../engine/engine.ts';
import { MODELS } from '../job/segments.ts';
import { facts } from '../models/facts.ts';
import { compileRules } from '../models/custom/compile.ts';
import { customColumn, modelColumn } from '../models/custom/rule-sql.ts';
import { partsSql, ruleTree, type ExplainableRule, type RuleTree } from '../report/explain-rules.ts';
import type { RunAsOf } from './purchases.ts';

/**
 * Asks of one customer which parts of the job's rules hold, all in one statement. What other segments they are in is
 * taken from what the run assigned.
 * @param assigned full names of the customer's segments
 * @returns the rules in words with the answers, by the segments' full names, also of those the customer is not in
 */
export async function explainCustom(
  engine: Engine,
  { job, run_id, as_of }: RunAsOf,
  customer: string,
  assigned: readonly string[],
): Promise<Map<string, RuleTree>> {
  const entries = job.segments.custom ?? [];
  const { binding, rules } = compileRules(entries);
  const asked = [...rules].map(([name, rule]: [string, ExplainableRule]) => ({
    segment: `custom.${name}`,
    rule,
    parts: partsSql(rule),
  }));
  if (asked.length === 0) return new Map();
  const columns = [
    ...Object.keys(MODELS).map((model) => `${ofModel(model)} AS ${modelColumn(model)}`),
    ...entries.map(({ name }) => `has({assigned:Array(String)}, 'custom.${name}') AS ${customColumn(name)}`),
  ];
  const answers = asked.map(({ parts }) => `[${parts.map((sql) => `toBool(${sql})`).join(', ')}]`);
  const [row] = await engine.query<{ answers: boolean[][] }>(
    `SELECT [${answers.join(', ')}] AS answers
     FROM (SELECT *, ${columns.join(', ')} FROM ${facts([...binding.columns], 'AND customer = {customer:String}')})`,
    { ...binding.params, job: job.name, run: run_id, as_of, customer, assigned },
  );
  if (!row) return new Map();
  return new Map(asked.map(({ segment, rule }, index) => [segment, ruleTree(rule, row.answers[index]!)]));
}

/** The customer's segment of a model by its short name, '' where the job has no such model. */
function ofModel(model: string): string {
  return `substring(arrayFirst(name -> startsWith(name, '${model}.'), {assigned:Array(String)}), ${model.length + 2})`;
}
