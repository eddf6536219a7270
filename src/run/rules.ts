import { createHash } from 'node:crypto';
import type { Job } from '../job/load.ts';
import { sourceKeys } from './pull.ts';

/** Settings that change what is shown of a segment, not who is in it. */
const SHOWN: ReadonlySet<string> = new Set(['labels', 'label', 'rest', 'playbook', 'backtest']);

/**
 * Names the rules by which a job sorts customers: equal for two runs when the same records give the same segments.
 * Days are compared by them, so that a move is the customer's and not the job file's.
 */
export function rulesOf(job: Job): string {
  const { segments, identity, timezone, currency, exchange_rates } = job;
  const sql = job.sql_files.map(({ name, text }) => [name, text]);
  const rules = { segments, identity, sql, timezone, currency, exchange_rates, sources: sourceKeys(job) };
  const text = JSON.stringify(rules, (key, value: unknown) => (SHOWN.has(key) ? undefined : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
