import { SyncError, type Change, type Destination, type Member } from '../../connectors/index.ts';
import { noteOffered, type PageEnds } from '../ledger/offered.ts';
import { appendAcknowledged, forgetMembers, rememberedAudiences, type Told } from '../ledger/ledger.ts';
import { remember } from './find.ts';
import { everyone, memberOf, plannedRows, type PlannedOp } from './members.ts';
import { accountOf, type AudiencePlan } from './plan.ts';
import type { RunContext } from './run.ts';
import { openTally, type Tally } from './tally.ts';

/** How one audience ended. */
export type AudienceResult = Tally & {
  remote_id: string | null;
  added: number;
  removed: number;
  /** Members who were told anew what they are worth. */
  updated: number;
  /** Whether it had been deleted there and was made anew. */
  recreated: boolean;
};

/** An open destination, and the ids of the audiences it has there. */
export type Sending = { connection: Destination; remote_ids: readonly string[] };

/**
 * Makes one audience equal its segment. Members are noted before they are offered, and each answer of the platform is
 * written to the ledger as it comes, while other batches are under way or answered: a run that dies at any point loses
 * at most the ledger rows of those. The next one offers them again, which the platforms take as no change, or takes
 * them out if they do not belong there any more. A run that is asked to stop begins no further batch and takes what those come to.
 *
 * @param result is filled as the push goes, so that it holds what was done also when this throws
 * @throws SyncError when the rest could not be sent
 */
export async function pushAudience(
  run: RunContext,
  sending: Sending,
  plan: AudiencePlan,
  result: AudienceResult,
): Promise<void> {
  const changes = plan.to_add + plan.to_update + plan.to_remove;
  result.left = changes;
  if (changes === 0) return;
  const where = `${plan.destination.name}, ${plan.name}`;
  if (run.signal.aborted) throw interrupted(where);
  const remote_id = plan.remote_id ?? (await createAudience(run, sending.connection, plan, result));
  result.remote_id = remote_id;
  const audience = { ...accountOf(run.job.name, plan.destination), remote_id };
  const { name: destination } = plan.destination;
  const step = run.progress({ stage: 'push', destination, audience: plan.name }, changes);
  const tally = openTally(result);
  const offered: Offered = new Map();
  let batch = 0;
  try {
    for await (const answer of sending.connection.push(changeOf(run, sending, plan, remote_id, offered))) {
      batch += 1;
      const at = { run_id: run.run_id, batch: `${plan.index}:${batch}`, clock: run.clock() };
      await appendAcknowledged(run.engine, audience, at, answer, offered);
      result.requests += answer.requests;
      result.removed += tally.take(answer.removed).length;
      for (const { key } of tally.take(answer.added)) {
        result[offered.get(key)?.op === 'update' ? 'updated' : 'added'] += 1;
      }
      for (const { key } of answer.added) offered.delete(key);
      step(changes - result.left, changes);
    }
  } finally {
    step(changes - result.left, changes, true);
  }
  if (run.signal.aborted && result.left > 0) throw interrupted(where);
}

/** Members under way of whom the audience is told more than that they are in it: no more than are in hand. */
type Offered = Map<string, Told & { op: PlannedOp }>;

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

function changeOf(
  run: RunContext,
  { remote_ids }: Sending,
  plan: AudiencePlan,
  remote_id: string,
  offered: Offered,
): Change {
  const tells = plan.value_field !== undefined || plan.destination.columns.length > 0;
  const account = accountOf(run.job.name, plan.destination);
  const note = (op: PlannedOp, page?: PageEnds) =>
    noteOffered(
      run.engine,
      { ...account, remote_id },
      { run_id: run.run_id, audience: plan.index, op },
      run.clock(),
      page,
    );
  /** Noted whole, not by pages. */
  const noted = new Set<PlannedOp>();
  const offer = (op: PlannedOp) => async (page: PageEnds) => {
    if (!noted.has(op)) await note(op, page);
  };
  const counts = { add: plan.to_add, update: plan.to_update, remove: plan.to_remove };
  const planned = (...ops: PlannedOp[]) => ops.filter((op) => counts[op] > 0);
  async function* add(): AsyncGenerator<Member> {
    for (const op of planned('add', 'update')) {
      for await (const row of plannedRows(run, plan, op, remote_ids, offer(op))) {
        const { member, value, texts_hash } = row;
        if (tells) offered.set(member, { op, value, texts_hash });
        yield memberOf(row);
      }
    }
  }
  async function* remove(): AsyncGenerator<Member> {
    for (const op of planned('remove'))
      for await (const row of plannedRows(run, plan, op, remote_ids, offer(op))) yield memberOf(row);
  }
  // Whoever takes them whole has changed all by the time that it tells of the changes.
  async function* wanted(): AsyncGenerator<Member> {
    for (const op of planned('add', 'update', 'remove')) {
      await note(op);
      noted.add(op);
    }
    yield* everyone(run, plan);
  }
  return {
    audience: { name: plan.name, remote_id },
    counts: { add: counts.add + counts.update, remove: counts.remove },
    add,
    remove,
    wanted,
    stop: run.signal,
  };
}

/** What a run that was asked to stop says of what it left. */
export function interrupted(where: string): SyncError {
  return new SyncError(
    {
      code: 'RUN_INTERRUPTED',
      where,
      what: 'The run was asked to stop; what was in flight was finished and recorded.',
      fix: 'Nothing to do: the next run sends only what is missing.',
    },
    { retry: 'next_run' },
  );
}
