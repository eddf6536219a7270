/** A condition as the job file has it: one of segment, field, bought and did, with what is asked of it. */
export type WrittenCondition = Readonly<Record<string, unknown>>;

/** The rule of a custom segment, compiled: `sql` is true or false over a customer's facts, for each part by itself. */
export type ExplainableRule = { sql: string } & (
  | { kind: 'all' | 'any'; rules: readonly ExplainableRule[] }
  | { kind: 'not'; rule: ExplainableRule }
  | { kind: 'condition'; condition: WrittenCondition }
);

/** A rule in words with whether it holds for the customer, and the same of its parts. */
export type RuleTree = { text: string; holds: boolean; parts: RuleTree[] };

/** @returns the SQL of the rule and of each rule inside it, those before these */
export function partsSql(rule: ExplainableRule): string[] {
  return [rule.sql, ...partsOf(rule).flatMap(partsSql)];
}

/**
 * @param answers what the customer's facts say to each of `partsSql(rule)`, in that order
 * @returns the rule in words, with the answers
 */
export function ruleTree(rule: ExplainableRule, answers: readonly boolean[]): RuleTree {
  let next = 0;
  const treeOf = (part: ExplainableRule): RuleTree => {
    const holds = answers[next++]!;
    return { text: ruleText(part), holds, parts: partsOf(part).map(treeOf) };
  };
  return treeOf(rule);
}

function partsOf(rule: ExplainableRule): readonly ExplainableRule[] {
  if (rule.kind === 'condition') return [];
  return rule.kind === 'not' ? [rule.rule] : rule.rules;
}

function ruleText(rule: ExplainableRule): string {
  if (rule.kind === 'condition') return conditionText(rule.condition);
  return { all: 'all of these', any: 'any of these', not: 'not this' }[rule.kind];
}

/** "country is RO", "bought category Shoes, within 365 days, at least 2", "in lifecycle.top". */
export function conditionText(condition: WrittenCondition): string {
  const { segment, field, bought, did, ...asked } = condition;
  if (segment !== undefined) return `in ${valueText('segment', segment)}`;
  if (field !== undefined) return `${valueText('field', field)} ${askedText(asked).join(' and ')}`;
  if (bought !== undefined) return ['bought', askedText(bought ?? {}).join(', ') || 'anything'].join(' ');
  const { event, ...rest } = (did ?? {}) as Record<string, unknown>;
  return [`did ${valueText('event', event)}`, ...askedText(rest)].join(', ');
}

function askedText(asked: object): string[] {
  return Object.entries(asked)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${valueText(key, value)}`);
}

/** Periods are in days. */
const PERIODS = new Set(['within', 'within_next', 'older_than']);

function valueText(key: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => valueText(key, one)).join(' or ');
  return PERIODS.has(key) ? `${String(value)} days` : String(value);
}
