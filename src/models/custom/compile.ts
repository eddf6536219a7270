import { inOrder } from '../../job/custom-order.ts';
import type { CustomEntry } from '../../job/custom-settings.ts';
import type { Assign } from '../model.ts';
import { openBinding, type Binding } from './binding.ts';
import { compileRule, customColumn, modelColumn, type CompiledRule } from './rule-sql.ts';

/** The rules of a job as SQL. */
export type CompiledRules = {
  binding: Binding;
  /** By the segment's short name, to be explained condition by condition. */
  rules: Map<string, CompiledRule>;
};

/** @param entries `segments.custom` of a job; equal ones give equal SQL, so what one run counts another finds */
export function compileRules(entries: readonly CustomEntry[]): CompiledRules {
  const binding = openBinding();
  const rules = entries.flatMap(({ name, where }) =>
    where ? [[name, compileRule(where, binding)] as const] : [],
  );
  return { binding, rules: new Map(rules) };
}

/** Custom segments in groups: each names only segments of those before it, and of the other models. */
export type Groups = readonly (readonly { name: string; sql: string }[])[];

/**
 * @param entries `segments.custom` of a job; those by category are left out, they come after all others
 * @param members for each entry that is a file of SQL, an expression that says who is in it
 */
export function groupCustom(
  entries: readonly CustomEntry[],
  { rules }: CompiledRules,
  members: ReadonlyMap<string, string>,
): Groups {
  const { groups } = inOrder(entries.filter(({ per_category }) => !per_category));
  return groups.map((group) =>
    group.map(({ name }) => ({ name, sql: rules.get(name)?.sql ?? members.get(name)! })),
  );
}

/**
 * The facts of every customer with the column of each model (`lifecycle_segment`) and of each custom segment
 * (`custom_vip`), as SQL in brackets. A column reads those of inner brackets, so no expression is written twice.
 * @param from `facts` of the columns that all of them read
 */
export function withSegments(
  from: string,
  models: readonly (readonly [model: string, assign: Assign])[],
  groups: Groups,
): string {
  const levels = [
    models.map(([model, { segment }]) => `${segment} AS ${modelColumn(model)}`),
    ...groups.map((group) => group.map(({ name, sql }) => `${sql} AS ${customColumn(name)}`)),
  ];
  return levels
    .filter((columns) => columns.length > 0)
    .reduce((inner, columns) => `(SELECT *, ${columns.join(', ')} FROM ${inner})`, from);
}

/** The full names of a customer's segments of the models and by rules, over the columns of `withSegments`. */
export function segmentNames(
  models: readonly (readonly [model: string, assign: Assign])[],
  groups: Groups,
): string[] {
  const built = models.map(([model]) => `concat('${model}.', ${modelColumn(model)})`);
  const own = groups.flat().map(({ name }) => name);
  const names = own.map((name) => `'custom.${name}'`).join(', ');
  const flags = own.map(customColumn).join(', ');
  return [
    `[${built.join(', ')}]`,
    ...(own.length > 0 ? [`arrayFilter((name, holds) -> holds, [${names}], [${flags}])`] : []),
  ];
}
