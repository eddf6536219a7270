import type { Outcome } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { FACTS, isSettled, NO_LONGER_THERE, outcomeColumns, type Account } from './ledger.ts';
import { PARKED, STANDING } from './refusals.ts';

const TOLD = `properties WHERE job = {job:String} AND destination = {destination:String} AND account = {people:String}`;

const TELLINGS = `(
    SELECT member, hashes, 'properties' AS op, result, permanent, reason, seq FROM ${TOLD}
    UNION ALL
    SELECT member, CAST(map(), 'Map(String, UInt64)'), 'properties', 'done', false, '', seq FROM ${FACTS}
      AND reason = '${NO_LONGER_THERE}')`;

/** SQL: of whom was offered and not acknowledged since, nothing that is known of a property holds. */
const UNSURE = `SELECT member, CAST(mapFromArrays({properties:Array(String)},
      arrayResize([1], length({properties:Array(String)}), 1)), 'Map(String, UInt64)') AS hashes, 'offered' AS result, seq
    FROM offered WHERE job = {job:String} AND destination = {destination:String} AND account = {telling:String}`;

/**
 * SQL: every member whose properties an account was told of, with `known`, the hash of each property's value as last
 * acknowledged, and whether they are parked. Who was lost from an audience may have been deleted whole, so nothing is
 * known of them any more. Bind an Account, `people`, `telling` (its account by `tellingOf`), the names of `properties`, and `now_ms`.
 */
export const PROPERTIES = `
  SELECT member, argMaxIf(hashes, seq, result IN ('done', 'offered')) AS known,
    member IN (SELECT member FROM (
      SELECT member, ${STANDING}, ${PARKED} AS is_parked FROM ${TELLINGS}
      WHERE member IN (SELECT member FROM ${TOLD} AND result = 'refused')
      GROUP BY member) WHERE is_parked) AS parked
  FROM (SELECT member, hashes, result, seq FROM ${TELLINGS} UNION ALL ${UNSURE}) GROUP BY member`;

/**
 * Appends what a platform acknowledged of one batch of properties, as `appendAcknowledged` does for audiences.
 * @param hashes by key, those of every property of the member, which hold once they are taken
 */
export async function appendProperties(
  engine: Engine,
  account: Account,
  at: { run_id: string; batch: string; clock: number },
  updated: readonly Outcome[],
  hashes: ReadonlyMap<string, Record<string, string>>,
): Promise<void> {
  const rows = updated.filter(isSettled).map((outcome) => ({
    ...account,
    ...outcomeColumns(outcome),
    hashes: (outcome.result === 'done' && hashes.get(outcome.key)) || {},
    run_id: at.run_id,
    seq: at.clock,
  }));
  if (rows.length > 0) await engine.insert('properties', rows, { token: `${at.run_id}:${at.batch}` });
}
