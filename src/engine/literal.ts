/** A text as a SQL literal: the one way a value gets into a statement that cannot carry it as a parameter. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`;
}
