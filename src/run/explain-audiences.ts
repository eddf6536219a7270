import type { Engine } from '../engine/engine.ts';
import { segmentShares } from '../job/audiences.ts';
import type { JobDestination } from '../job/load.ts';
import type { ExplainedAudience, PushEvent } from '../report/explain.ts';
import { heldOut } from './holdout.ts';
import { consent, memberKey } from './audience-customers.ts';
import { accountOf } from './plan.ts';
import type { RunAsOf } from './purchases.ts';

type Customer = {
  customer: string;
  nodes: readonly string[];
  segments: readonly string[];
  keys: readonly string[];
};

/**
 * What became of a customer in each audience of the job, and what platforms acknowledged of them, under each of their
 * identifiers. Audiences that neither want nor ever had them are left out.
 */
export async function explainAudiences(
  engine: Engine,
  run: RunAsOf,
  customer: Customer,
): Promise<ExplainedAudience[]> {
  const [wishes, pushed] = await Promise.all([
    wishesFor(engine, run, customer),
    pushedOf(engine, run.job.name, customer.keys),
  ]);
  const own: ExplainedAudience[] = run.job.destinations.flatMap((destination) => {
    const wish = wishes(destination);
    return destination.audiences.map((audience) => {
      const { name, segment } = audience;
      const at = { ...accountOf(run.job.name, destination), name };
      const own = segmentShares(audience).map(([one]) => one);
      const wishes = own.filter((one) => customer.segments.includes(one)).map(wish);
      // Held out of one of several segments is held out of them together.
      const wanted = wishes.find((one) => one !== 'yes') ?? wishes[0] ?? 'not in segment';
      return { destination: destination.name, audience: name, segment, wanted, ...pushed.take(at) };
    });
  });
  const known = own.filter(({ wanted, events }) => wanted !== 'not in segment' || events.length > 0);
  return [...known, ...pushed.rest()];
}

/** @returns for each destination, what the run made of the customer in each segment that they are in */
async function wishesFor(engine: Engine, { job, run_id }: RunAsOf, { customer }: Customer) {
  const all = job.destinations;
  const holdouts = new Map(all.flatMap(({ audiences }) => audiences.flatMap(segmentShares)));
  const params = { job: job.name, run: run_id, customer };
  const [[row], lots] = await Promise.all([
    engine.query<{ reach: [allowed: boolean, reachable: boolean][] }>(
      `SELECT [${all.map((to) => `(${consent(to)}, ${memberKey(to)} != '')`).join(', ')}] AS reach
       FROM profiles WHERE job = {job:String} AND run_id = {run:String} AND customer = {customer:String}`,
      params,
    ),
    engine.query<{ segment: string }>(
      `SELECT segment FROM (SELECT pair.1 AS segment, pair.2 AS share, {customer:String} AS customer
         FROM (SELECT arrayJoin(arrayZip({segments:Array(String)}, {shares:Array(Float64)})) AS pair))
       WHERE ${heldOut('share')}`,
      { ...params, segments: [...holdouts.keys()], shares: [...holdouts.values()] },
    ),
  ]);
  const out = new Set(lots.map(({ segment }) => segment));
  return (destination: JobDestination) => {
    const [allowed, reachable] = row?.reach[all.indexOf(destination)] ?? [true, true];
    return (segment: string): ExplainedAudience['wanted'] => {
      if (!allowed) return 'without consent';
      if (!reachable) return 'unreachable';
      return out.has(segment) ? 'held out' : 'yes';
    };
  };
}

type Place = { job: string; destination: string; account: string; name: string };
type Pushed = Pick<ExplainedAudience, 'held' | 'events'>;
type LedgerRow = PushEvent & Omit<Place, 'job'> & { member: string };

/** The ledger's facts about some members, by the audience's newest name. */
async function pushedOf(engine: Engine, job: string, keys: readonly string[]) {
  const rows = await engine.query<LedgerRow>(
    `SELECT destination, account, coalesce(nullIf(a.name, ''), remote_id) AS name, member, op, result, reason, run_id,
       formatDateTime(fromUnixTimestamp64Milli(toInt64(seq), 'UTC'), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS at
     FROM (SELECT * FROM ledger WHERE job = {job:String} AND member IN {keys:Array(String)}) AS l
     LEFT JOIN (SELECT destination, account, remote_id, argMax(name, at) AS name FROM audiences
       WHERE job = {job:String} GROUP BY destination, account, remote_id) AS a USING (destination, account, remote_id)
     ORDER BY seq, op`,
    { job, keys },
  );
  const byPlace = Map.groupBy(rows, placeOf);
  return {
    take(place: Place): Pushed {
      const found = byPlace.get(placeOf(place)) ?? [];
      byPlace.delete(placeOf(place));
      return asPushed(found);
    },
    /** Audiences that the job no longer has. */
    rest(): ExplainedAudience[] {
      return [...byPlace.values()].map((found) => {
        const { destination, name: audience } = found[0]!;
        return { destination, audience, segment: null, wanted: null, ...asPushed(found) };
      });
    },
  };
}

function placeOf({ destination, account, name }: Omit<Place, 'job'>): string {
  return [destination, account, name].join('\n');
}

/** Held under any identifier: somebody whose address changed is taken out under the old and added under the new one. */
function asPushed(rows: readonly LedgerRow[]): Pushed {
  const last = new Map(rows.filter(({ result }) => result === 'done').map(({ member, op }) => [member, op]));
  const events = rows.map(({ at, op, result, reason, run_id }) => ({ at, op, result, reason, run_id }));
  return { held: [...last.values()].includes('add'), events };
}
