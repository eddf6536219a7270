import { z } from 'zod';
import type { SandboxReply } from '../sandbox.ts';
import { refuse } from './sandbox-replies.ts';

const Session = z.strictObject({
  session_id: z.coerce
    .bigint()
    .min(1n)
    .max(2n ** 63n - 1n),
  batch_seq: z.coerce.number().int().min(1),
  last_batch_flag: z.boolean(),
  estimated_num_total: z.number().int().min(0).optional(),
});

/** Batches of a replacement that come later than this after the first are refused. */
const REPLACE_LIMIT_MS = 90 * 60_000;

type Entered =
  | { refusal: SandboxReply }
  | {
      id: string;
      /** Whether this batch opens the session, and whether it ends it. */
      first: boolean;
      finished: boolean;
      /** Counts the rows of a batch once, however often it comes; answers with the session's total so far. */
      received(rows: number, invalid: number): number;
    };

/** Imitates upload sessions: one id per ad account and change, one schema, and an end. */
export function openSessions(now: () => number) {
  const sessions = new Map<string, ReturnType<typeof begin>>();
  const begin = (audience: string, operation: string, schema: string) => ({
    audience,
    operation,
    schema,
    seen: new Set<number>(),
    finished: false,
    num_received: 0,
    num_invalid_entries: 0,
    start: now(),
    end: now(),
  });

  return {
    /** Checks a batch against its session and books it; a session is optional but for a replacement. */
    enter(
      given: unknown,
      { id: audience, replacing: running }: { id: string; replacing?: string },
      operation: string,
      schema: string,
    ): Entered {
      const replacing = operation === 'replace';
      const parsed = Session.safeParse(given);
      if (running !== undefined && !(replacing && String(parsed.data?.session_id) === running)) {
        return cut(1870145, 'Update in progress');
      }
      if (given === undefined && !replacing) {
        return { id: '', first: true, finished: true, received: (rows) => rows };
      }
      if (!parsed.success) return { refusal: refuse(100, 'Param session is missing or malformed') };

      const { batch_seq, last_batch_flag } = parsed.data;
      const id = String(parsed.data.session_id);
      if (replacing && batch_seq > 1 && !sessions.has(id)) return cut(1870147, 'First batch missing');
      const session = sessions.get(id) ?? begin(audience, operation, schema);
      if (session.audience !== audience || session.operation !== operation) {
        return { refusal: refuse(100, 'Param session[session_id] was used for another upload') };
      }
      if (session.schema !== schema) {
        return { refusal: refuse(100, 'Data is missing or does not match schema') };
      }
      const repeated = session.seen.has(batch_seq);
      if (session.finished && !repeated) return cut(1870159, 'Session finished');
      if (replacing && now() - session.start > REPLACE_LIMIT_MS) return cut(1870158, 'Session timed out');

      sessions.set(id, session);
      session.seen.add(batch_seq);
      session.finished ||= last_batch_flag;
      session.end = now();
      return {
        id,
        first: batch_seq === 1 && !repeated,
        finished: session.finished,
        received(rows, invalid) {
          if (!repeated) {
            session.num_received += rows;
            session.num_invalid_entries += invalid;
          }
          return session.num_received;
        },
      };
    },

    /** The sessions of an audience, or the one asked for; every field is text. */
    list(audience: string, id: string | null): Record<string, string>[] {
      const chosen = [...sessions].filter(
        ([name, session]) => session.audience === audience && (!id || name === id),
      );
      return chosen.map(([session_id, session]) => ({
        session_id,
        stage: session.finished ? 'done' : 'uploading',
        progress: session.finished ? '100' : '50',
        num_received: String(session.num_received),
        num_invalid_entries: String(session.num_invalid_entries),
        num_matched: String(session.num_received - session.num_invalid_entries),
        start_time: String(Math.floor(session.start / 1000)),
        end_time: String(Math.floor(session.end / 1000)),
      }));
    },
  };
}

function cut(subcode: number, title: string): { refusal: SandboxReply } {
  return { refusal: refuse(2650, 'Failed to update the custom audience', { subcode, title }) };
}
