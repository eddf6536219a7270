import type { Engine } from '../engine/engine.ts';
import type { Join } from '../report/explain.ts';
import type { Job } from '../job/load.ts';
import type { Person } from './explain-person.ts';
import { ordersPlaced } from './visitors.ts';

/** Why the names of a person are taken for one person's, two names at a time, as the run had joined them. */
export async function explainJoins(
  engine: Engine,
  run: { job: Job; run_id: string },
  { nodes }: Person,
): Promise<Join[]> {
  if (nodes.length < 2) return [];
  const links = await engine.query<{ a: string; b: string }>(
    `SELECT a, b FROM identity_links WHERE job = {job:String} AND run_id = {run_id:String} AND a IN {nodes:Array(String)}
     ORDER BY b, a`,
    { job: run.job.name, run_id: run.run_id, nodes },
  );
  const placed = await ordersPlaced(engine, run.job, nodes);
  const linked = new Set(links.flatMap(({ a, b }) => [a, b]));
  return [
    ...links.filter(({ b }) => !b.startsWith('ids:')).map(inOneRecord),
    ...sharingIds(links),
    ...placed
      .filter(({ visitor }) => !linked.has(visitor))
      .map(({ visitor, order, node }): Join => ({
        names: [node, visitor],
        by: `its visits are theirs, since order ${order} was placed there`,
      })),
    // A phone without a link was given to the one person who is known to use it.
    ...nodes
      .filter((node) => node.startsWith('phone:') && !linked.has(node) && node !== nodes[0])
      .map((node): Join => ({ names: [nodes[0]!, node], by: 'nobody else uses that number' })),
  ];
}

function inOneRecord({ a, b }: { a: string; b: string }): Join {
  return { names: [a, b], by: b.startsWith('phone:') ? 'both use that number' : 'both stand in one record' };
}

/** Customer ids that are one since their sources share them; each hangs on a node of that list of sources. */
function sharingIds(links: readonly { a: string; b: string }[]): Join[] {
  const shared = Map.groupBy(
    links.filter(({ b }) => b.startsWith('ids:')),
    ({ b }) => b,
  );
  return [...shared.values()].flatMap(([first, ...others]) =>
    others.map(({ a }): Join => ({ names: [first!.a, a], by: 'their sources share customer ids' })),
  );
}
