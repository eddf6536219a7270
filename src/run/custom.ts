import { facts } from '../models/facts.ts';
import type { Assign } from '../models/model.ts';
import { compileRules, groupCustom, withSegments, type Groups } from '../models/custom/compile.ts';
import {
  boughtCategories,
  categoriesSql,
  compileFamily,
  familiesOf,
  familyNames,
  MOST_CATEGORIES,
  nameCategories,
  type CompiledFamily,
  type CountedCategory,
} from '../models/custom/families.ts';
import type { Categories, Category } from '../job/segments.ts';
import { foundCategories } from './categories.ts';
import type { RunContext } from './run.ts';
import { sqlMembers } from './sql-segments.ts';

export type CutModels = readonly (readonly [model: string, assign: Assign])[];

/** The custom segments of a run as SQL: what a statement over all customers reads, and their names. */
export type CutCustom = {
  /** The facts of every customer with a column for each model and segment, in brackets. */
  from: string;
  groups: Groups;
  /** Expressions: the full names of a customer's segments by category, each a list. */
  families: string[];
  params: Record<string, unknown>;
  /** Those found now and in earlier runs, for every `per_category` entry. */
  categories: Categories;
  warnings: string[];
};

/**
 * Gets ready what the statement that assigns all segments says of the custom ones. The categories are counted here,
 * because their segments need names.
 * @param columns of `facts` that the statement reads beside those of the models and rules
 * @param round which labels of the run hold
 */
export async function cutCustom(
  run: RunContext,
  models: CutModels,
  columns: readonly string[],
  round: number,
): Promise<CutCustom> {
  const entries = run.job.segments.custom ?? [];
  const members = await sqlMembers(run, models, round);
  const compiled = compileRules(entries);
  const { binding } = compiled;
  const groups = groupCustom(entries, compiled, members.expressions);
  const families = familiesOf(entries);
  const lists = boughtCategories(families);
  const divided = families.map((family) => compileFamily(family, lists, binding));
  const read = new Set([
    ...columns,
    ...models.flatMap(([, assign]) => assign.columns),
    ...members.columns,
    ...binding.columns,
    ...divided.map(({ column }) => column),
  ]);
  const from = withSegments(facts([...read]), models, groups);
  const given = {
    ...members.params,
    ...Object.assign({}, ...models.map(([, { params }]) => params)),
    job: run.job.name,
    run: run.run_id,
    as_of: run.as_of,
  };
  const warnings: string[] = [];
  const known = divided.length > 0 ? await foundCategories(run.engine, run.job.name) : {};
  const categories: Record<string, Category[]> = {};
  const names: string[] = [];
  for (const family of divided) {
    const before = known[family.name] ?? [];
    const counted = await run.engine.query<CountedCategory>(categoriesSql(family, from), {
      ...given,
      ...binding.params,
      at_least: family.settings.at_least,
    });
    if (counted.length > MOST_CATEGORIES) warnings.push(tooMany(family));
    const named = nameCategories(counted.slice(0, MOST_CATEGORIES), before);
    names.push(familyNames(family, named, binding));
    categories[family.name] = [
      ...named,
      ...before.filter(({ key }) => !named.some((one) => one.key === key)),
    ];
  }
  return { from, groups, families: names, params: { ...given, ...binding.params }, categories, warnings };
}

function tooMany({ name, settings }: CompiledFamily): string {
  return `custom.${name} has more than ${MOST_CATEGORIES} categories of ${settings.at_least} customers; the smaller ones are under ${settings.rest}`;
}
