import { z } from 'zod';
import { SyncError, type Retry } from '../error.ts';
import type { Failure } from '../retry.ts';
import { ProblemDocument } from './replies.ts';

/** Where a call stood: the place to name in an error, and whether it addressed a tag by its id. */
export type Place = { where: string; tag?: boolean };

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
 * adding and removing people of a tag can be repeated without harm.
 *
 * @throws the error itself where it comes from no call, that is, from a mistake in this program
 */
export function explain(error: unknown, place: Place): Failure {
  if (error instanceof SyncError) return { error };
  const thrown = Thrown.parse(error);
  const status = thrown.status ?? thrown.statusCode;
  const problem = thrown.response?.body;
  const seconds = thrown.response?.headers['retry-after'];
  const why = problem ? withoutAddresses(`${problem.title}: ${problem.detail}`) : undefined;
  const failure = (code: string, retry: Retry, what: string, fix?: string): Failure => ({
    error: new SyncError({ code, where: place.where, what, why, fix }, { retry, cause: error }),
    wait_ms: seconds === undefined ? undefined : seconds * 1000,
  });

  if (status === undefined) {
    if (thrown.code === undefined) throw error;
    return failure(
      'DESTINATION_DOWN',
      'now',
      `Mailchimp could not be reached (${thrown.code}).`,
      'Check the network, `base_url` if it is set, and the data centre at the end of the API key.',
    );
  }
  if (status >= 500) return failure('DESTINATION_DOWN', 'now', `Mailchimp answered with status ${status}.`);
  if (status === 429 || (status === 403 && !problem)) {
    return failure('DESTINATION_THROTTLED', 'now', 'Mailchimp asks for fewer requests at a time.');
  }
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

/** Mailchimp repeats what it was sent in its texts; addresses in them do not belong in messages and logs. */
export function withoutAddresses(text: string): string {
  return text.replaceAll(/[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g, '(address)');
}
