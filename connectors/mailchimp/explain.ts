import { z } from 'zod';
import { ofSource, SyncError, type ErrorCode, type Retry } from '../error.ts';
import { TooLong } from '../limiter.ts';
import type { Told } from '../quota.ts';
import { ProblemDocument } from './replies.ts';

/** Where a call stood: the place to name in an error, whether it addressed a tag by its id, and who made it. */
export type Place = { where: string; tag?: boolean; source?: boolean };

/**
 * What the SDK throws. The status is in `status`, or in `statusCode` when an answer was labelled JSON and was not;
 * without either, the network failed and `code` says how.
 */
const Thrown = z.object({
  status: z.int().optional().catch(undefined),
  statusCode: z.int().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  response: z
    .object({
      body: ProblemDocument.optional().catch(undefined),
      headers: z.object({ 'retry-after': z.coerce.number().optional().catch(undefined) }).catch({}),
    })
    .optional()
    .catch(undefined),
});

/** Titles of the 403 problems that are about the key and not about what its user may do. */
const KEY_TITLES = /api key|user disabled|wrong datacenter/i;
const KEY_FIX = 'Create an API key in Mailchimp (Account, Extras, API keys) and give it to `api_key`.';

/**
 * Turns whatever a call threw into our error and says whether to try again. Everything unclear is tried again:
 * whatever this connector sends can be repeated without harm. What was thrown holds the key and people's addresses,
 * and goes no further.
 *
 * @throws the error itself where it comes from no call, that is, from a mistake in this program
 */
export function explain(error: unknown, place: Place): SyncError {
  const explained = explainCall(error, place);
  return place.source ? ofSource(explained) : explained;
}

function explainCall(error: unknown, place: Place): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof TooLong) return throttled(place, 'next_run');
  const { status, code, problem } = read(error);
  const why = problem ? withoutAddresses(`${problem.title}: ${problem.detail}`) : undefined;
  const failure = (name: ErrorCode, retry: Retry, what: string, fix?: string): SyncError =>
    new SyncError({ code: name, where: place.where, what, why, fix }, { retry });

  if (status === undefined) {
    if (code === undefined) throw error;
    return failure(
      'DESTINATION_DOWN',
      'now',
      `Mailchimp could not be reached (${code}).`,
      'Check the network, `base_url` if it is set, and the data centre at the end of the API key.',
    );
  }
  if (status >= 500) return failure('DESTINATION_DOWN', 'now', `Mailchimp answered with status ${status}.`);
  if (isThrottle(status, problem)) return throttled(place, 'now');
  if (status === 401 || (status === 403 && KEY_TITLES.test(problem?.title ?? ''))) {
    return failure('DESTINATION_KEY_REFUSED', 'never', 'Mailchimp refused the API key.', KEY_FIX);
  }
  if (status === 403) {
    return failure(
      'DESTINATION_PERMISSION',
      'never',
      "The API key's user is not permitted to do this.",
      'Give that user the role of manager in Mailchimp, or use the key of one who has it.',
    );
  }
  if (!problem) {
    return failure('DESTINATION_ANSWER', 'now', `An answer with status ${status} is not one of Mailchimp's.`);
  }
  // A rule-based segment is answered with 400: it has the id, but is not a tag any more.
  if (place.tag && (status === 404 || (status === 400 && /static segment/i.test(problem.detail)))) {
    return failure(
      'AUDIENCE_GONE',
      'next_run',
      'The tag no longer exists in Mailchimp.',
      'The next run finds it by name or creates it again.',
    );
  }
  if (status === 404) {
    return failure(
      'DESTINATION_REJECTED',
      'never',
      'Mailchimp does not know this list.',
      'Set `list_id` to the audience id shown in Mailchimp (Audience, Settings).',
    );
  }
  return failure('DESTINATION_REJECTED', 'never', `Mailchimp rejected the request with status ${status}.`);
}

/** What an answer says of the connections; without a time to wait, the limiter uses fewer for a while. */
export function told(answer: { value: unknown } | { error: unknown }): Told {
  if ('value' in answer) return {};
  const { status, problem, seconds } = read(answer.error);
  return {
    crowded: status !== undefined && isThrottle(status, problem),
    wait_ms: seconds === undefined ? undefined : seconds * 1000,
  };
}

/** The problem in what a call threw, where Mailchimp answered one of that status. */
export function problemOf(error: unknown, wanted: number): ProblemDocument | undefined {
  const { status, problem } = read(error);
  return status === wanted ? problem : undefined;
}

/** Mailchimp repeats what it was sent in its texts; addresses and phone numbers in them do not belong in messages and logs. */
export function withoutAddresses(text: string): string {
  return text
    .replaceAll(/[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g, '(address)')
    .replaceAll(/\+?\(?\d([\s()./-]*\d){6,}/g, '(number)');
}

function read(error: unknown) {
  const thrown = Thrown.safeParse(error).data;
  return {
    status: thrown?.status ?? thrown?.statusCode,
    code: thrown?.code,
    problem: thrown?.response?.body,
    seconds: thrown?.response?.headers['retry-after'],
  };
}

/** At very high volume 403 stands for 429; with a problem document it is about permissions. */
function isThrottle(status: number, problem: ProblemDocument | undefined): boolean {
  return status === 429 || (status === 403 && !problem);
}

function throttled({ where }: Place, retry: Retry): SyncError {
  const what = 'Mailchimp asks for fewer requests at a time.';
  const fix = 'The next run goes on from here. All programs with a key of this user share ten connections.';
  return new SyncError({ code: 'DESTINATION_THROTTLED', where, what, fix }, { retry });
}
