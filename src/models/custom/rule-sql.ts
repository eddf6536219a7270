import type { BoughtCondition, DidCondition, Rule } from '../../job/custom-rules.ts';
import { ownName } from '../../job/custom-order.ts';
import type { Binding } from './binding.ts';
import { fieldSql } from './field-sql.ts';

/** A rule with its SQL: true or false over the facts of a customer and the columns of `segmentColumns`. */
export type CompiledRule = { sql: string } & (
  | { kind: 'all' | 'any'; rules: CompiledRule[] }
  | { kind: 'not'; rule: CompiledRule }
  | { kind: 'condition'; condition: Rule }
);

/** The column in which a statement keeps the segment that a model gave, by its short name. */
export function modelColumn(model: string): string {
  return `${model}_segment`;
}

/** The column that says whether a customer is in a custom segment. */
export function customColumn(name: string): string {
  return `custom_${name}`;
}

/** @returns the rule and each rule inside it as SQL; what they read, bind and count is added to `binding` */
export function compileRule(rule: Rule, binding: Binding): CompiledRule {
  for (const kind of ['all', 'any'] as const) {
    const inner = rule[kind];
    if (!inner) continue;
    const rules = inner.map((one) => compileRule(one, binding));
    return { kind, rules, sql: `(${rules.map(({ sql }) => sql).join(kind === 'all' ? ' AND ' : ' OR ')})` };
  }
  if (rule.not) {
    const inner = compileRule(rule.not, binding);
    return { kind: 'not', rule: inner, sql: `(NOT ${inner.sql})` };
  }
  return { kind: 'condition', condition: rule, sql: conditionSql(rule, binding) };
}

function conditionSql(condition: Rule, binding: Binding): string {
  const { segment, field, bought, did } = condition;
  if (segment !== undefined) return segmentSql(segment, binding);
  if (field !== undefined) return fieldSql(field, condition, binding);
  if (bought) return boughtSql(bought, binding);
  if (did) return didSql(did, binding);
  throw new Error('a rule without a condition');
}

function segmentSql(segment: string, { bind }: Binding): string {
  const own = ownName(segment);
  if (own !== undefined) return customColumn(own);
  const [model, name] = segment.split('.');
  return `(${modelColumn(model!)} = ${bind('String', name)})`;
}

/** Without products, pieces are those of all known lines. */
function boughtSql(condition: BoughtCondition, binding: Binding): string {
  const { at_least, at_most, quantity_at_least, spent_at_least, within, before, after, ...products } =
    condition;
  const period = { within, before, after };
  const named = Object.values(products).some((one) => one !== undefined);
  const purchases = named ? { products, period } : { period };
  const amount = (written: number | string) => `toDecimal64(${binding.bind('String', String(written))}, 4)`;
  const parts = countSql(binding.bought(purchases, 'orders'), { at_least, at_most }, binding);
  if (quantity_at_least !== undefined)
    parts.push(`${binding.bought({ products, period }, 'quantity')} >= ${amount(quantity_at_least)}`);
  if (spent_at_least !== undefined)
    parts.push(`${binding.bought(purchases, 'spent')} >= ${amount(spent_at_least)}`);
  return `(${parts.join(' AND ')})`;
}

function didSql(condition: DidCondition, binding: Binding): string {
  const { at_least, at_most, event, within, before, after } = condition;
  const count = binding.did({ event, period: { within, before, after } });
  return `(${countSql(count, { at_least, at_most }, binding).join(' AND ')})`;
}

/** Without either limit, once is enough. */
function countSql(
  count: string,
  { at_least, at_most }: { at_least?: number; at_most?: number },
  { bind }: Binding,
): string[] {
  const least = at_least ?? (at_most === undefined ? 1 : 0);
  const most = at_most === undefined ? [] : [`${count} <= ${bind('UInt32', at_most)}`];
  return [`${count} >= ${bind('UInt32', least)}`, ...most];
}
