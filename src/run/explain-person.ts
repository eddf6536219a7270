import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { normaliseEmail } from './identity.ts';
import { NODE } from './people.ts';
import { sourceKeys } from './pull.ts';

/** Whom to explain: an e-mail address as it was typed, or a customer id, the shop's or as `export` shows it. */
export type Wanted = { email: string } | { customer_id: string };

/** A person by the name the run gave them, with all their nodes (see people.ts). */
export type Person = { customer: string; nodes: string[] };

type LastRun = { job: Job; run_id: string; round: number };

const LABELS = `FROM identity_labels
  WHERE job = {job:String} AND run_id = {run:String} AND round = {round:UInt8}`;

/**
 * Finds the person behind an e-mail address or a customer id. Reads by the keys and indexes of the tables only.
 *
 * @throws SyncError `ARGUMENT_WRONG` where the text is no address, nobody is known by it, or a customer id is that of
 *   different people in different sources
 */
export async function findPerson(engine: Engine, run: LastRun, wanted: Wanted): Promise<Person> {
  const ids = { job: run.job.name, run: run.run_id, round: run.round };
  const asked = nodesOf(run.job, wanted);
  const labels = await engine.query<{ node: string; label: string }>(
    `SELECT node, label ${LABELS} AND node IN {nodes:Array(String)}`,
    { ...ids, nodes: asked },
  );
  const unlabelled = asked.filter((node) => !labels.some((row) => row.node === node));
  const known = await recorded(engine, run.job, unlabelled);
  const people = [...new Set([...labels.map(({ label }) => label), ...known])];
  const [customer] = people;
  if (customer === undefined) throw nobody(run.job, wanted);
  if (people.length > 1) throw several(run.job, people.length);
  const others = await engine.query<{ node: string }>(
    `SELECT node ${LABELS} AND label = {customer:String} ORDER BY node`,
    { ...ids, customer },
  );
  // Ids that several sources share hang on a node that is nobody's name.
  const names = others.map(({ node }) => node).filter((node) => !node.startsWith('ids:'));
  return { customer, nodes: [...new Set([customer, ...names])] };
}

function nodesOf(job: Job, wanted: Wanted): string[] {
  if ('customer_id' in wanted) {
    const { customer_id } = wanted;
    const own = sourceKeys(job).map((source) => `customer:${source}:${customer_id}`);
    // What `export` shows of somebody without an id is the name we give them: an address, or a node such as phone:….
    return [...own, `email:${customer_id}`, customer_id];
  }
  const email = normaliseEmail(wanted.email);
  if (email) return [`email:${email}`];
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: 'What was given is no e-mail address.',
    fix: 'Write the whole address, or a customer id after --id.',
  });
}

/** Those nodes that stand in some record of the job: an order, or the description of a person who never ordered. */
async function recorded(engine: Engine, job: Job, nodes: readonly string[]): Promise<string[]> {
  if (nodes.length === 0) return [];
  const rows = await engine.query<{ node: string }>(
    `SELECT DISTINCT node FROM (
       ${ordersHolding(`${NODE} AS node`)}
       UNION DISTINCT SELECT ${NODE} AS node FROM customers WHERE source IN {sources:Array(String)}
         AND (email IN {emails:Array(String)} OR customer_id IN {customer_ids:Array(String)})
     ) WHERE node IN {nodes:Array(String)} LIMIT {most:UInt32}`,
    { nodes, most: nodes.length, ...identifiersOf(job, nodes) },
  );
  return rows.map(({ node }) => node);
}

/** What `ordersHolding` binds: the identifiers in some nodes. */
export function identifiersOf(job: Job, nodes: readonly string[]) {
  const sources = sourceKeys(job);
  const after = (start: string) =>
    nodes.filter((node) => node.startsWith(start)).map((node) => node.slice(start.length));
  return {
    sources,
    emails: after('email:'),
    phones: after('phone:'),
    customer_ids: [...new Set(sources.flatMap((source) => after(`customer:${source}:`)))],
  };
}

/**
 * SQL: orders that ever held one of some identifiers: more than those of the person, since another source may use the
 * same ids, and a newer version of an order may name somebody else. Each part is answered by an index of its own. Bind
 * `identifiersOf`.
 */
export function ordersHolding(columns: string): string {
  const parts = ['email', 'customer_id', 'phone'].map(
    (column) => `SELECT ${columns} FROM orders
      WHERE source IN {sources:Array(String)} AND ${column} IN {${column}s:Array(String)}`,
  );
  return parts.join(' UNION DISTINCT ');
}

function nobody(job: Job, wanted: Wanted): SyncError {
  const what = 'email' in wanted ? 'e-mail address' : 'customer id';
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    where: `job ${job.name}`,
    what: `No record of this job's sources has that ${what}.`,
    fix: 'Look at the spelling, or run the job again where the person is newer than the last run.',
  });
}

function several(job: Job, people: number): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    where: `job ${job.name}`,
    what: `That customer id is of ${people} different people, in different sources.`,
    fix: 'Ask by e-mail address.',
  });
}
