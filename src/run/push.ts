import { SyncError, type Change, type Destination, type Member } from '../../connectors/index.ts';
import { appendAcknowledged, forgetMembers, rememberedAudiences } from '../ledger/ledger.ts';
import { remember } from './find.ts';
import { accountOf, audienceParams, wantedSql, type AudiencePlan } from './plan.ts';
import type { RunContext } from './run.ts';

/** How one audience ended. `requests` counts those that wrote. */
export type AudienceResult = {
  remote_id: string | null;
  added: number;
  removed: number;
  refused: number;
  /** Members that were neither acknowledged nor refused; the next run offers them again. */
  left: number;
  requests: number;
  /** Whether it had been deleted there and was made anew. */
  recreated: boolean;
  /** Why members were refused, most frequent first. */
  reasons: { reason: string; members: number }[];
};

/** Members are read from the plan in pages, so that a push of any size and length holds none of them in memory. */
const PAGE = 10_000;

/**
 * Makes one audience equal its segment. After each answer of the platform the ledger is written before the next
 * batch is sent, so a run that dies at any point loses at most the ledger rows of one batch, whose repetition the
 * platforms take as no change.
 *
 * @param result is filled as the push goes, so that it holds what was done also when this throws
 * @throws SyncError when the rest could not be sent
 */
export async function pushAudience(
  run: RunContext,
  connection: Destination,
  plan: AudiencePlan,
  result: AudienceResult,
): Promise<void> {
  const changes = plan.to_add + plan.to_remove;
  result.left = changes;
  if (changes === 0) return;
  if (run.signal.aborted) throw interrupted(plan);
  const remote_id = plan.remote_id ?? (await createAudience(run, connection, plan, result));
  result.remote_id = remote_id;
  const audience = { ...accountOf(run.job.name, plan.destination), remote_id };
  const reasons = new Map<string, number>();
  let batch = 0;
  for await (const acknowledged of connection.push(changeOf(run, plan, remote_id))) {
    batch += 1;
    const at = { run_id: run.run_id, batch: `${plan.index}:${batch}`, clock: run.clock() };
    await appendAcknowledged(run.engine, audience, at, acknowledged);
    result.requests += acknowledged.requests;
    for (const [outcomes, field] of [
      [acknowledged.added, 'added'],
      [acknowledged.removed, 'removed'],
    ] as const) {
      for (const outcome of outcomes) {
        if (outcome.result === 'retry') continue;
        result.left -= 1;
        if (outcome.result === 'done') result[field] += 1;
        else {
          result.refused += 1;
          reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1);
        }
      }
    }
    result.reasons = [...reasons]
      .map(([reason, members]) => ({ reason, members }))
      .toSorted((a, b) => b.members - a.members);
    if (run.signal.aborted && result.left > 0) throw interrupted(plan);
  }
}

async function createAudience(
  run: RunContext,
  connection: Destination,
  plan: AudiencePlan,
  result: AudienceResult,
): Promise<string> {
  const account = accountOf(run.job.name, plan.destination);
  const gone = (await rememberedAudiences(run.engine, account)).get(plan.name);
  // A file made anew has the id of the old one, so this comes first.
  if (gone !== undefined) {
    const { remote_id } = gone;
    await forgetMembers(run.engine, { ...account, remote_id }, { run_id: run.run_id, clock: run.clock() });
  }
  const { remote_id, requests } = await connection.create(plan.name, plan.settings);
  result.requests += requests;
  result.recreated = gone !== undefined;
  await remember(run, plan.destination, plan, remote_id);
  return remote_id;
}

function changeOf(run: RunContext, plan: AudiencePlan, remote_id: string): Change {
  const ids = { job: run.job.name, run: run.run_id, audience: plan.index };
  const planned = (op: 'add' | 'remove') => () => pages(run, { ...ids, op });
  return {
    audience: { name: plan.name, remote_id },
    counts: { add: plan.to_add, remove: plan.to_remove },
    add: planned('add'),
    remove: planned('remove'),
    wanted: () => everyone(run, plan),
  };
}

/**
 * Everyone who shall be in an audience. Read in one go, as for a file: a page at a time would compute the whole
 * segment for each page.
 */
export async function* everyone(
  run: RunContext,
  plan: Pick<AudiencePlan, 'destination' | 'index' | 'segment' | 'holdout' | 'rung'>,
): AsyncGenerator<Member> {
  const rows = run.engine.stream<MemberRow>(
    `${MEMBER_FIELDS} FROM (${wantedSql(plan.destination)}) ORDER BY member`,
    audienceParams(run, [plan]),
  );
  for await (const chunk of rows) for (const { member, ...fields } of chunk) yield asMember(member, fields);
}

type MemberRow = Member & { member: string };
const MEMBER_FIELDS =
  'SELECT member, customer, email, phone, first_name, last_name, city, region, zip, country';

const PLANNED = `SELECT * FROM plan_members WHERE job = {job:String} AND run_id = {run:String}
  AND audience = {audience:UInt32} AND op = {op:String}`;

async function* pages(run: RunContext, params: Record<string, unknown>): AsyncGenerator<Member> {
  let after = '';
  for (;;) {
    const page = await run.engine.query<MemberRow>(
      `${MEMBER_FIELDS} FROM (${PLANNED}) WHERE member > {after:String} ORDER BY member LIMIT ${PAGE}`,
      { ...params, after },
    );
    for (const { member, ...fields } of page) yield asMember(member, fields);
    if (page.length < PAGE) return;
    after = page.at(-1)!.member;
  }
}

/** A leaver's profile may be gone, but their key still tells the identifier that was sent. */
function asMember(key: string, fields: Omit<Member, 'key'>): Member {
  const known = Object.entries(fields).filter(([, value]) => value !== '');
  const colon = key.indexOf(':');
  return { customer: key, [key.slice(0, colon)]: key.slice(colon + 1), ...Object.fromEntries(known), key };
}

function interrupted(plan: AudiencePlan): SyncError {
  return new SyncError(
    {
      code: 'RUN_INTERRUPTED',
      where: `${plan.destination.name}, ${plan.name}`,
      what: 'The run was asked to stop; the batch in flight was finished and recorded.',
      fix: 'Nothing to do: the next run sends only what is missing.',
    },
    { retry: 'next_run' },
  );
}
