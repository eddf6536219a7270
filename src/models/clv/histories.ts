/** Histories as columns: row i stands for `count[i]` customers with the same x, t_x and T. */
export type Histories = {
  x: Uint32Array;
  t_x: Float64Array;
  T: Float64Array;
  count: Uint32Array;
};

/** All histories with one x, as columns; and the number of customers they stand for. */
export type EqualX = { x: number; customers: number } & Omit<Histories, 'x'>;

/** The histories of each x that occurs, from the lowest: most of the likelihood depends on x alone. */
export function byX({ x, t_x, T, count }: Histories): EqualX[] {
  const starts = new Uint32Array(largest(x) + 2);
  for (let i = 0; i < x.length; i++) starts[x[i]! + 1]!++;
  for (let j = 1; j < starts.length; j++) starts[j]! += starts[j - 1]!;
  const places = starts.slice();
  const sorted = { t_x: t_x.slice(), T: T.slice(), count: count.slice() };
  for (let i = 0; i < x.length; i++) {
    const place = places[x[i]!]!++;
    sorted.t_x[place] = t_x[i]!;
    sorted.T[place] = T[i]!;
    sorted.count[place] = count[i]!;
  }
  const groups: EqualX[] = [];
  for (let j = 0; j + 1 < starts.length; j++) {
    const [from, to] = [starts[j]!, starts[j + 1]!];
    if (from === to) continue;
    const rows = sorted.count.subarray(from, to);
    let customers = 0;
    for (let i = 0; i < rows.length; i++) customers += rows[i]!;
    groups.push({
      x: j,
      customers,
      t_x: sorted.t_x.subarray(from, to),
      T: sorted.T.subarray(from, to),
      count: rows,
    });
  }
  return groups;
}

/** How many customers have made more than j repeat purchases, for j from 0 to the most that anyone has made. */
export function customersAbove(groups: readonly EqualX[]): Float64Array {
  const above = new Float64Array((groups.at(-1)?.x ?? 0) + 1);
  for (const { x, customers } of groups) if (x > 0) above[x - 1] = customers;
  for (let j = above.length - 2; j >= 0; j--) above[j]! += above[j + 1]!;
  return above;
}

/** The greatest number of a column; 0 of none. */
export function largest(column: Uint32Array): number {
  let most = 0;
  for (let i = 0; i < column.length; i++) if (column[i]! > most) most = column[i]!;
  return most;
}
