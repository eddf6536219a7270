import type { JobSource } from '../job/load.ts';
import type { RunContext } from './run.ts';

/** Of fewer of its orders than this share, a source is taken for damaged rather than for tidied up. */
const LEAST_SHARE = 0.5;

const VANISHED = `(
  SELECT * FROM orders FINAL WHERE source = {source:String} AND run_id != {run:String} AND state != 'deleted')`;

/**
 * After a pull of everything a source has: its orders that were not among it no longer count, since most shops do not
 * tell of deleted ones. They count again once the source has them again.
 * @returns what people should know, or why the pull is not to be trusted
 */
export async function leaveOutVanished(
  run: RunContext,
  source: JobSource,
): Promise<{ warnings?: string[]; incomplete?: string }> {
  const params = { source: source.key, run: run.run_id };
  const [row] = await run.engine.query<{ brought: number; vanished: number }>(
    `SELECT (SELECT toUInt32(count()) FROM orders FINAL WHERE source = {source:String} AND run_id = {run:String}) AS brought,
            (SELECT toUInt32(count()) FROM ${VANISHED}) AS vanished`,
    params,
  );
  const { brought = 0, vanished = 0 } = row ?? {};
  if (vanished === 0) return {};
  const all = brought + vanished;
  if (brought < all * LEAST_SHARE) {
    return { incomplete: `it has ${brought} of the ${all} orders it had; the others still count` };
  }
  // Of two copies of one version the one stored last stands: this one now, the source's own if it comes back.
  await run.engine.command(
    `INSERT INTO orders SELECT * REPLACE ({run:String} AS run_id, 'deleted' AS state, false AS counts) FROM ${VANISHED}`,
    params,
  );
  return { warnings: [`${source.name}: ${vanished} orders that it no longer has do not count any more`] };
}
