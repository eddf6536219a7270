import { z } from 'zod';
import { SyncError } from '../error.ts';
import type { Failure } from '../retry.ts';
import { down, GraphError, nonsense, verdictOn, type Verdict } from './verdict.ts';

/** What a call is about. `audience` is its name; it is absent where the ad account itself is asked. */
export type Subject = { account: string; audience?: string };

/** What is needed to read a failure besides the failure itself. */
export type Reading = Subject & { token: string; backoff_ms: number };

/** After 613 Meta wants minutes: 240 × the usual first wait of 500 ms, three times over, makes six. */
const RATE_LIMIT_FACTOR = 240;

/** The SDK does not export its error class; its `url` holds the token and its `data` the hashes. */
const RequestError = z.object({
  name: z.literal('FacebookRequestError'),
  status: z.number().nullish(),
  response: z.unknown(),
  headers: z.unknown(),
});

/**
 * Says what a failed call means for us: by Meta's code and subcode, since the HTTP status is 400 for nearly all.
 * Nothing of the SDK's own error travels on, not even as `cause`.
 *
 * @returns our error, and the wait Meta asked for, in milliseconds
 */
export function explain(error: unknown, reading: Reading): Failure {
  if (error instanceof SyncError) return { error };
  const thrown = RequestError.safeParse(error);
  if (!thrown.success) return { error: problem(isUnanswered(error) ? down : nonsense, reading) };

  const { status, response, headers } = thrown.data;
  const parsed = GraphError.safeParse(response);
  if (!parsed.success) return { error: problem(status && status < 500 ? nonsense : down, reading) };

  const graph = parsed.data;
  const verdict = verdictOn(graph, reading.account, reading.audience !== undefined);
  const throttled = verdict.code === 'DESTINATION_THROTTLED';
  return {
    error: problem(verdict, reading, quote(graph, reading.token)),
    wait_ms: throttled ? regainTime(headers, graph.code, reading.backoff_ms) : undefined,
  };
}

/** Makes the error of a verdict. */
export function problem(verdict: Verdict, { account, audience }: Subject, why?: string): SyncError {
  const { code, retry, what, fix } = verdict;
  const where = audience === undefined ? `facebook ${account}` : `facebook ${account} → ${audience}`;
  return new SyncError({ code, where, what, why, fix }, { retry });
}

/** The SDK turns an error page or an empty error into a bare SyntaxError; a TimeoutError is our own time limit. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && (error.name === 'SyntaxError' || error.name === 'TimeoutError');
}

/** Meta's words and numbers. It quotes what it was sent, so anything like a token, hash or address is masked. */
function quote(graph: GraphError, token: string): string {
  const said = (graph.error_user_msg ?? graph.message).replaceAll(token, '…');
  const masked = said.replace(/[\w-]{32,}|\S+@\S+/g, '…').slice(0, 300);
  const numbers = [`code ${graph.code}`];
  if (graph.error_subcode) numbers.push(`subcode ${graph.error_subcode}`);
  if (graph.fbtrace_id) numbers.push(`trace ${graph.fbtrace_id}`);
  return `Meta says: "${masked}" (${numbers.join(', ')})`;
}

const Usage = z.record(
  z.string(),
  z.array(z.object({ estimated_time_to_regain_access: z.number().default(0) })),
);

/** The stated minutes until calls are let through, as milliseconds; a call before that lengthens the block. */
function regainTime(headers: unknown, code: number, backoff_ms: number): number | undefined {
  const header = z.object({ 'x-business-use-case-usage': z.string() }).safeParse(headers);
  const usage = Usage.safeParse(header.success ? parseJson(header.data['x-business-use-case-usage']) : {});
  const entries = usage.success ? Object.values(usage.data).flat() : [];
  const minutes = Math.max(0, ...entries.map((entry) => entry.estimated_time_to_regain_access));
  if (minutes > 0) return minutes * 60_000;
  return code === 613 ? backoff_ms * RATE_LIMIT_FACTOR : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
