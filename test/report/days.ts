import type { FlowCell, Span } from '../../src/report/flows.ts';
import type { Stage } from '../run/stage.ts';

/** A customer on a day: name, segments, revenue of twelve months, CLV. */
export type Assigned = {
  customer: string;
  segments: string[];
  revenue_12m?: string;
  clv_12m?: string | null;
};

/** Stores who was in which segments on two days, and the labels by which people are known today. */
export async function twoDays(
  stage: Stage,
  before: readonly Assigned[],
  after: readonly Assigned[],
  labels: Record<string, string> = {},
): Promise<Span> {
  const { job, context } = stage.shop();
  const span = { job: job.name, before: context('2026-03-01').run_id, after: context('2026-04-01').run_id };
  const rows = (run_id: string, as_of: string, customers: readonly Assigned[]) =>
    customers.map((customer) => ({ job: job.name, run_id, as_of, ...customer }));
  const all = [...rows(span.before, '2026-03-01', before), ...rows(span.after, '2026-04-01', after)];
  if (all.length > 0) await stage.engine.insert('assignments', all);
  const nodes = Object.entries(labels).flatMap(([node, label]) => [
    // What an earlier round thought does not count.
    { job: job.name, run_id: span.after, round: 0, node, label: node },
    { job: job.name, run_id: span.after, round: 1, node, label },
  ]);
  if (nodes.length > 0) await stage.engine.insert('identity_labels', nodes);
  return { ...span, names: span.after };
}

/** `from > to: customers` of each cell. */
export function counts(cells: readonly FlowCell[]): string[] {
  return cells.map(({ from, to, customers }) => `${from ?? 'new'} > ${to ?? 'gone'}: ${customers}`);
}
