import type { Destination, EngineServer, Outcome, Source } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { JobDestination, JobSource } from '../job/load.ts';
import { mask } from '../job/mask.ts';
import type { RunContext } from './run.ts';

/** First wait before a request is tried again; it doubles from there. */
const BACKOFF_MS = 500;

/** Opens a source for a run, or for a check of it; nothing is read yet. */
export async function openSource(
  { job, engine, signal, log }: Pick<RunContext, 'job' | 'engine' | 'signal' | 'log'>,
  source: JobSource,
): Promise<Source> {
  const { folder, timezone, currency } = job;
  return source.definition.open(source.settings, {
    folder,
    timezone,
    currency,
    signal,
    backoff_ms: BACKOFF_MS,
    engine: serverOf(engine, signal),
    log: (message, fields) => log(message, { source: source.definition.type, ...fields }),
  });
}

function serverOf({ server, query }: Engine, signal: AbortSignal): EngineServer | undefined {
  return server && { ...server, query: (sql, params) => query(sql, params, { signal }) };
}

/** Opens a destination for a run, or for a check of its credentials. */
export async function openDestination(
  run: Pick<RunContext, 'job' | 'cut' | 'log'>,
  destination: JobDestination,
): Promise<Destination> {
  const connection = await destination.definition.open(destination.settings, {
    folder: run.job.folder,
    columns: destination.columns.map(({ name }) => name),
    signal: run.cut,
    backoff_ms: BACKOFF_MS,
    log: (message, fields) => run.log(message, { destination: destination.name, ...fields }),
  });
  return withoutSecrets(connection, run.job.secrets);
}

/** Why a member was refused is stored, and a platform may have repeated what it was sent. */
function withoutSecrets(connection: Destination, secrets: ReadonlySet<string>): Destination {
  const masked = (outcome: Outcome): Outcome =>
    outcome.result === 'done' ? outcome : { ...outcome, reason: mask(outcome.reason, secrets) };
  return {
    ...connection,
    async *push(change) {
      for await (const { added, removed, ...more } of connection.push(change))
        yield { ...more, added: added.map(masked), removed: removed.map(masked) };
    },
    setProperties:
      connection.setProperties &&
      async function* (members, stop) {
        for await (const { updated, ...more } of connection.setProperties!(members, stop))
          yield { ...more, updated: updated.map(masked) };
      },
  };
}
