import type { ErrorCode } from './errors/catalogue.ts';

export type { ErrorCode };

/** Whether trying again helps: within this run, at the next run, or only after a person acted. */
export type Retry = 'now' | 'next_run' | 'never';

export type Problem = {
  /** Stable name from the catalogue, for example `CONFIG_UNKNOWN_KEY`. */
  code: ErrorCode;
  /** Where: file:line of the YAML, a source's file, a destination and its audience. */
  where?: string;
  /** What happened, one sentence. */
  what: string;
  /** Why, where it is known. */
  why?: string;
  /** What to do about it. */
  fix?: string;
};

/**
 * The one error class of the program. Facts are fields; nothing in them is secret or personal
 * (no e-mail address, no key, no request body). `cause` keeps the original for a debugger and is never printed.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly problem: Problem;
  readonly retry: Retry;

  constructor(problem: Problem, options: { retry?: Retry; cause?: unknown } = {}) {
    super(`${problem.code}: ${problem.what}`, { cause: options.cause });
    this.problem = problem;
    this.retry = options.retry ?? 'never';
  }
}

/** The same failure met by a source: what is `DESTINATION_DOWN` for a destination of a platform is `SOURCE_DOWN`. */
export function ofSource({ problem, retry, cause }: SyncError): SyncError {
  return new SyncError({ ...problem, code: MET_BY_SOURCE[problem.code] ?? problem.code }, { retry, cause });
}

const MET_BY_SOURCE: Partial<Record<ErrorCode, ErrorCode>> = {
  DESTINATION_ANSWER: 'SOURCE_ANSWER',
  DESTINATION_DOWN: 'SOURCE_DOWN',
  DESTINATION_KEY_REFUSED: 'SOURCE_KEY_REFUSED',
  DESTINATION_PERMISSION: 'SOURCE_PERMISSION',
  DESTINATION_REJECTED: 'SOURCE_REJECTED',
  DESTINATION_THROTTLED: 'SOURCE_THROTTLED',
};
