import type { Engine, Params } from '../engine/engine.ts';
import type { JobDestination } from '../job/load.ts';
import { rememberedAudiences } from '../ledger/ledger.ts';
import { REFUSED } from '../ledger/refusals.ts';
import { accountOf, peopleAccountOf } from './plan.ts';

/** Members of one audience whom a platform refuses for one reason. */
export type RefusedGroup = {
  destination: string;
  /** Null where it refuses to store properties of people. */
  audience: string | null;
  change: 'add' | 'remove' | 'properties';
  reason: string;
  members: number;
  /** ISO time when the first of them is offered again; null is the next run. */
  next_try: string | null;
};

/**
 * SQL: whom a destination refuses, one row for each member and audience: `audience` (NULL for properties), `member`,
 * `change`, `reason`, `since` and `next_try`, the times as DateTime64. Bind `refusedParams`.
 */
export const REFUSED_THERE = `
  SELECT if(change = 'properties', NULL, name) AS audience, member, change, reason,
    fromUnixTimestamp64Milli(toInt64(refused.since), 'UTC') AS since,
    if(permanent AND retry > {now_ms:UInt64}, fromUnixTimestamp64Milli(toInt64(retry), 'UTC'), NULL) AS next_try
  FROM (${REFUSED}) AS refused
  LEFT JOIN (SELECT pair.1 AS remote_id, pair.2 AS name
             FROM (SELECT arrayJoin(arrayZip({remote_ids:Array(String)}, {names:Array(String)})) AS pair)) AS named
    USING (remote_id)
  WHERE has({remote_ids:Array(String)}, remote_id) OR change = 'properties'`;

/** What `REFUSED_THERE` binds for a destination of a job, with the audiences that the job has there. */
export async function refusedParams(
  engine: Engine,
  job: string,
  destination: JobDestination,
): Promise<Params> {
  const account = accountOf(job, destination);
  const remembered = await rememberedAudiences(engine, account);
  const kept = destination.audiences.flatMap(({ name }) => {
    const remote_id = remembered.get(name)?.remote_id;
    return remote_id === undefined ? [] : [{ name, remote_id }];
  });
  return {
    ...account,
    people: destination.properties.length > 0 ? peopleAccountOf(job, destination).account : '',
    remote_ids: kept.map(({ remote_id }) => remote_id),
    names: kept.map(({ name }) => name),
    now_ms: Date.now(),
  };
}

/** Whom the destinations of a job refuse, counted by audience, change and reason, the most first. */
export async function countRefused(
  engine: Engine,
  job: string,
  destinations: readonly JobDestination[],
): Promise<RefusedGroup[]> {
  const groups = await Promise.all(
    destinations.map(async (destination) => {
      const rows = await engine.query<
        Omit<RefusedGroup, 'destination' | 'next_try'> & { earliest: string | null }
      >(
        `SELECT audience, change, reason, toUInt32(count()) AS members,
           if(countIf(next_try IS NULL) > 0, NULL, min(next_try)) AS earliest
         FROM (${REFUSED_THERE}) GROUP BY audience, change, reason ORDER BY members DESC, audience, change, reason`,
        await refusedParams(engine, job, destination),
      );
      return rows.map(({ earliest, ...group }) => ({
        destination: destination.name,
        ...group,
        next_try: earliest,
      }));
    }),
  );
  return groups.flat();
}
