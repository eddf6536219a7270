import type { Row, Upload } from './rows.ts';
import type { UsersAnswer } from './upload.ts';

type Sent = Upload & { row: Row };

/** Most rows that Meta names of one request. */
const MOST_SAMPLES = 100;
/** Most further requests spent on naming the invalid rows of one batch. */
const MOST_RESENDS = 10;

/** Members whose rows Meta named as invalid, how many more it counted, and whether that is all of them. */
export type Invalid = { named: Set<string>; unnamed: number; everyone: boolean };

/**
 * Finds out whose rows Meta counted as invalid. It names at most a hundred of a request; where it named that many and
 * counted more, the rows not named are sent again (they are in already, so nothing changes) for the next hundred.
 * Splitting further is not worth it: Meta calls the count inexact, and rows it does not name cannot be told apart.
 *
 * @param resend sends rows again and answers as Meta does; absent where that cannot be done
 */
export async function findInvalid(
  uploads: readonly Upload[],
  first: UsersAnswer,
  resend?: (rows: Row[]) => Promise<UsersAnswer>,
): Promise<Invalid> {
  let rest = uploads.filter((upload): upload is Sent => upload.row !== undefined);
  const everyone = first.num_invalid_entries >= rest.length;
  const named = new Set<string>();
  let answer = first;
  for (let resent = 0; ; resent += 1) {
    const keys = namedIn(rest, answer.invalid_entry_samples);
    for (const key of keys) named.add(key);
    const unnamed = Math.max(0, answer.num_invalid_entries - keys.length);
    const full = keys.length >= MOST_SAMPLES && !everyone;
    if (!resend || unnamed === 0 || !full || resent === MOST_RESENDS) return { named, unnamed, everyone };
    rest = rest.filter(({ key }) => !named.has(key));
    answer = await resend(rest.map(({ row }) => row));
  }
}

/** Members whose hashed e-mail address or phone number is among the samples, whatever shape those have. */
function namedIn(rest: readonly Sent[], samples: unknown): string[] {
  const hashes = new Set<unknown>(JSON.stringify(samples ?? '').match(/[\da-f]{64}/g));
  if (hashes.size === 0) return [];
  return rest.filter(({ row }) => row.slice(0, 2).some((cell) => hashes.has(cell))).map(({ key }) => key);
}
