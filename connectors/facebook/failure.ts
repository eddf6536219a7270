import { z } from 'zod';
import { SyncError } from '../error.ts';
import type { Failure } from '../retry.ts';
import { Closed, LONGEST_WAIT_MS } from './pace.ts';
import { budgetOf, down, GraphError, nonsense, throttled, verdictOn, type Verdict } from './verdict.ts';

/** What a call is about. `audience` is its name; it is absent where the ad account itself is asked. */
export type Subject = { account: string; audience?: string };

/** What is needed to read a failure besides the failure itself. `wait_ms` is the time until calls are let through. */
export type Reading = Subject & { token: string; wait_ms: number };

/** The SDK does not export its error class; its `url` holds the token and its `data` the hashes. */
const RequestError = z.object({
  name: z.literal('FacebookRequestError'),
  message: z.string(),
  status: z.number().nullish(),
  response: z.unknown(),
});

/**
 * Says what a failed call means for us: by Meta's code and subcode, since the HTTP status is 400 for nearly all.
 * Nothing of the SDK's own error travels on, not even as `cause`. Waiting for a budget is left to the pace.
 */
export function explain(error: unknown, reading: Reading): Failure {
  if (error instanceof SyncError) return { error };
  if (error instanceof Closed) return { error: problem(closed(reading), reading, minutes(reading.wait_ms)) };
  const thrown = RequestError.safeParse(error);
  if (!thrown.success) return { error: problem(isUnanswered(error) ? down : nonsense, reading) };

  const { status, message, response } = thrown.data;
  const parsed = GraphError.safeParse(response);
  if (!parsed.success) {
    const other = (status && status < 500) || isNoObject(message);
    return { error: problem(other ? nonsense : down, reading) };
  }
  const graph = parsed.data;
  const verdict = budgetOf(graph.code)
    ? closed(reading)
    : verdictOn(graph, reading.account, reading.audience !== undefined);
  return { error: problem(verdict, reading, quote(graph, reading.token)) };
}

/** Makes the error of a verdict. */
export function problem(verdict: Verdict, { account, audience }: Subject, why?: string): SyncError {
  const { code, retry, what, fix } = verdict;
  const where = audience === undefined ? `facebook ${account}` : `facebook ${account} → ${audience}`;
  return new SyncError({ code, where, what, why, fix }, { retry });
}

/** A block that outlasts the run's patience is not waited for. */
function closed({ account, wait_ms }: Reading): Verdict {
  return { ...throttled(account), retry: wait_ms > LONGEST_WAIT_MS ? 'next_run' : 'now' };
}

function minutes(ms: number): string {
  return `It wants to be left alone for another ${Math.ceil(ms / 60_000)} minutes.`;
}

/**
 * The SDK turns an error page or an empty error into a bare SyntaxError, and an answer that broke off into a TypeError
 * of its own; a TimeoutError is our own time limit.
 */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError) return error.message.includes("reading 'error'");
  return error.name === 'SyntaxError' || error.name === 'TimeoutError';
}

/** The SDK says so, without a status, when it cannot put headers into a success that is text and no object. */
function isNoObject(message: string): boolean {
  return message.startsWith('Something happened in setting up the request');
}

/**
 * Meta's words and numbers. It quotes what it was sent, so anything like a token, a hash, an address or a phone number
 * is masked.
 */
export function quote(graph: GraphError, token: string): string {
  const said = (graph.error_user_msg ?? graph.message).replaceAll(token, '…');
  const masked = said.replace(/[\w-]{32,}|\S+(@|%40)\S+|\+?\(?\d([\s()./-]*\d){6,}/g, '…').slice(0, 300);
  const numbers = [`code ${graph.code}`];
  if (graph.error_subcode) numbers.push(`subcode ${graph.error_subcode}`);
  if (graph.fbtrace_id) numbers.push(`trace ${graph.fbtrace_id}`);
  return `Meta says: "${masked}" (${numbers.join(', ')})`;
}
