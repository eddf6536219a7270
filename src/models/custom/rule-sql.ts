import { PRODUCT_KEYS, type BoughtCondition, type DidCondition, type Rule } from '../../job/custom-rules.ts';
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

/** Products that must agree are of one line; without any, whole orders count, also those whose lines nobody knows. */
function boughtSql(condition: BoughtCondition, binding: Binding): string {
  const { at_least, at_most, quantity_at_least, spent_at_least, ...what } = condition;
  const named = Object.keys(PRODUCT_KEYS).some((key) => Object.hasOwn(what, key));
  const place = binding.bought({ from: named ? 'lines' : 'orders', ...what });
  const counted = (of: number, part: string) => `tupleElement(bought[${of}], '${part}')`;
  const parts = countSql(counted(place, 'orders'), { at_least, at_most }, binding);
  if (quantity_at_least !== undefined) {
    const lines = named ? place : binding.bought({ from: 'lines', ...what });
    const least = `toDecimal64(${binding.bind('String', String(quantity_at_least))}, 4)`;
    parts.push(`${counted(lines, 'quantity')} >= ${least}`);
  }
  if (spent_at_least !== undefined)
    parts.push(
      `${counted(place, 'spent')} >= toDecimal64(${binding.bind('String', String(spent_at_least))}, 4)`,
    );
  return `(${parts.join(' AND ')})`;
}

function didSql(condition: DidCondition, binding: Binding): string {
  const { at_least, at_most, ...what } = condition;
  return `(${countSql(`did[${binding.did(what)}]`, { at_least, at_most }, binding).join(' AND ')})`;
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
