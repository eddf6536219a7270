import { eachShard } from '../engine/each-shard.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { RunContext } from './run.ts';
import { sourceKeys } from './pull.ts';

/** Which events count: all but those that a program is known to have made. */
export const BY_PEOPLE = 'NOT coalesce(is_machine, false)';

/**
 * A person is known by nodes: `customer:<source>:<id>`, `email:<address>`, `phone:<number>`. This is the SQL that
 * gives a record its own node; '' where it names nobody.
 */
export const NODE = nodeSql(`''`);

/** The same for an event, which may know no more than the device: `device:<source>:<id>`. */
export const EVENT_NODE = nodeSql(`if(device != '', concat('device:', source, ':', device), '')`);

function nodeSql(otherwise: string): string {
  return `multiIf(customer_id != '', concat('customer:', source, ':', customer_id),
  email != '', concat('email:', email), phone != '', concat('phone:', phone), ${otherwise})`;
}

const RECORDS = `(
  SELECT source, customer_id, email, phone FROM orders FINAL WHERE source IN {sources:Array(String)}
  UNION ALL SELECT source, customer_id, email, phone FROM customers FINAL WHERE source IN {sources:Array(String)}
  UNION ALL SELECT source, customer_id, email, phone FROM events FINAL WHERE source IN {sources:Array(String)}
)`;

/**
 * Which two nodes are one person: a customer id and an e-mail address that stand in one record, and what the job says
 * beside that: a customer id of sources that share their ids, a phone.
 */
function linksOf({ identity }: Job): string {
  const shared = `SELECT concat('customer:', source, ':', customer_id),
      concat('ids:', transform(source, {id_sources:Array(String)}, {id_lists:Array(String)}, ''), ':', customer_id)
    FROM ${RECORDS} WHERE customer_id != '' AND source IN {id_sources:Array(String)}`;
  const phones = `SELECT ${NODE}, concat('phone:', phone)
    FROM ${RECORDS} WHERE phone != '' AND (customer_id != '' OR email != '')`;
  return [
    `SELECT concat('customer:', source, ':', customer_id) AS a, concat('email:', email) AS b
     FROM ${RECORDS} WHERE customer_id != '' AND email != ''`,
    ...(identity.same_ids.length > 0 ? [shared] : []),
    ...(identity.phone === 'join' ? [phones] : []),
  ].join(' UNION ALL ');
}

/** What `linksOf` binds of sources that share their ids: their keys, and by which list each is meant. */
function sharedIds({ identity, sources }: Job): { id_sources: string[]; id_lists: string[] } {
  const shared = identity.same_ids.flatMap((names, list) =>
    sources.filter(({ name }) => names.includes(name)).map(({ key }) => ({ key, list: String(list) })),
  );
  return { id_sources: shared.map(({ key }) => key), id_lists: shared.map(({ list }) => list) };
}

/**
 * Whether any record has a customer id, and a phone; most have addresses. Looked for without FINAL: what only a replaced
 * record has costs time, and nothing else.
 */
async function identifiersOf({ engine, job }: RunContext): Promise<{ ids: boolean; phones: boolean }> {
  const any = (column: string) =>
    ['orders', 'customers', 'events']
      .map(
        (table) =>
          `(SELECT count() FROM (SELECT 1 FROM ${table} WHERE source IN {sources:Array(String)} AND ${column} != '' LIMIT 1))`,
      )
      .join(' + ');
  const [found] = await engine.query<{ ids: boolean; phones: boolean }>(
    `SELECT toBool(${any('customer_id')}) AS ids, toBool(${any('phone')}) AS phones`,
    { sources: sourceKeys(job) },
  );
  return found!;
}

const LINKS = '(SELECT a, b FROM identity_links WHERE job = {job:String} AND run_id = {run:String})';

const LABELS = `(SELECT node, label FROM identity_labels
  WHERE job = {job:String} AND run_id = {run:String} AND round = {round:UInt8})`;

/**
 * Whose phone it is, where some record has nothing but the number: the one person's who is known to use it. A family
 * shares a phone, so it joins two people who have an address or an id only where the job says so.
 */
const PHONES = `
  SELECT concat('phone:', phone) AS node, any(person) AS label
  FROM (
    SELECT DISTINCT phone, coalesce(nullIf(known.label, ''), users.node) AS person
    FROM ${eachShard(`SELECT phone, ${NODE} AS node FROM ${RECORDS} WHERE phone != '' AND (customer_id != '' OR email != '')`)} AS users
    LEFT JOIN ${LABELS} AS known ON known.node = users.node
  )
  WHERE phone IN (SELECT phone FROM ${eachShard(`SELECT phone FROM ${RECORDS} WHERE customer_id = '' AND email = '' AND phone != ''`)} AS alone)
  GROUP BY phone HAVING count() = 1`;

/** Chains of identities longer than this are left as they are; real ones need two or three rounds. */
const MOST_ROUNDS = 50;

const INSERT = 'INSERT INTO identity_labels (job, run_id, round, node, label)';

/**
 * Gives the nodes of one person one label, the least of them. Nodes without links need no row.
 * @returns the round whose labels hold
 */
export async function joinPeople(run: RunContext): Promise<number> {
  const { ids, phones } = await identifiersOf(run);
  const round = ids || (phones && run.job.identity.phone === 'join') ? await joinLinked(run) : 1;
  if (run.job.identity.phone !== 'alone' || !phones) return round;
  await run.engine.command(
    `${INSERT} SELECT {job:String}, {run:String}, {round:UInt8}, node, label FROM (${PHONES})`,
    { job: run.job.name, run: run.run_id, sources: sourceKeys(run.job), round },
  );
  return round;
}

/** The round of a finished run whose labels hold. */
export async function lastRound(engine: Engine, run: { job: string; run_id: string }): Promise<number> {
  const [row] = await engine.query<{ round: number }>(
    'SELECT max(round) AS round FROM identity_labels WHERE job = {job:String} AND run_id = {run_id:String}',
    run,
  );
  return row?.round ?? 0;
}

/**
 * Each round, a node takes the least label among itself and its neighbours, until both ends of every link have the same.
 * In the first the labels are the nodes themselves.
 */
async function joinLinked(run: RunContext): Promise<number> {
  const { engine } = run;
  const ids = { job: run.job.name, run: run.run_id };
  await engine.command(
    `INSERT INTO identity_links (job, run_id, a, b)
     SELECT DISTINCT {job:String}, {run:String}, a, b FROM ${eachShard(linksOf(run.job))} AS links`,
    { ...ids, sources: sourceKeys(run.job), ...sharedIds(run.job) },
  );
  await engine.command(
    `${INSERT} SELECT {job:String}, {run:String}, 1, node, min(least(a, b)) FROM (
       SELECT a, b, arrayJoin([a, b]) AS node FROM ${LINKS}
     ) GROUP BY node`,
    ids,
  );
  for (let round = 1; round < MOST_ROUNDS; round += 1) {
    const torn = await engine.query(
      `SELECT 1 FROM ${LINKS} AS links INNER JOIN ${LABELS} AS one ON one.node = links.a
         INNER JOIN ${LABELS} AS other ON other.node = links.b
       WHERE one.label != other.label LIMIT 1`,
      { ...ids, round },
    );
    if (torn.length === 0) return round;
    await engine.command(
      `${INSERT}
       SELECT {job:String}, {run:String}, ${round + 1}, node, min(label) FROM (
         SELECT node, label FROM ${LABELS}
         UNION ALL SELECT links.b AS node, known.label AS label FROM ${LINKS} AS links
           INNER JOIN ${LABELS} AS known ON known.node = links.a
         UNION ALL SELECT links.a AS node, known.label AS label FROM ${LINKS} AS links
           INNER JOIN ${LABELS} AS known ON known.node = links.b
       ) GROUP BY node`,
      { ...ids, round },
    );
  }
  return MOST_ROUNDS;
}
