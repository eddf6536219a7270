import { literal } from '../../engine/literal.ts';

/** SQL of a value, by the name under which later steps know it. */
export type Columns = Record<string, string>;

/** A SELECT in steps: each adds columns, named, to those of the one before. */
export function inSteps(from: string, steps: readonly Columns[]): string {
  return steps.reduce((inner, step) => {
    const added = Object.entries(step).map(([name, sql]) => `${sql} AS ${name}`);
    return added.length > 0 ? `(SELECT *, ${added.join(', ')} FROM ${inner})` : inner;
  }, from);
}

/** Several parts that are computed side by side, step by step. */
export function together(...parts: readonly (readonly Columns[])[]): Columns[] {
  const longest = Math.max(0, ...parts.map((steps) => steps.length));
  return Array.from(
    { length: longest },
    (_, step) => Object.assign({}, ...parts.map((steps) => steps[step] ?? {})) as Columns,
  );
}

/** The first of these conditions that is true says what the value is; NULL where none is. */
export function firstOf(cases: readonly (readonly [condition: string, value: string])[]): string {
  if (cases.length === 0) return 'NULL';
  return `multiIf(${cases.map(([condition, value]) => `${condition}, ${value}`).join(', ')}, NULL)`;
}

/** A list of texts as a literal. */
export function texts(values: Iterable<string>): string {
  return `[${[...values].map(literal).join(', ')}]`;
}

/** A name of a column as it stands in a statement. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
