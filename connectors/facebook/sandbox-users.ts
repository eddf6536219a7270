import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import type { Members, Person } from './sandbox-members.ts';
import { fromJson, ok, param, refuse } from './sandbox-replies.ts';
import { openSessions } from './sandbox-sessions.ts';
import { ROWS_PER_REQUEST } from './schema.ts';

const HASHED = 'EMAIL PHONE FN LN FI CT ST ZIP COUNTRY GEN DOBY DOBM DOBD'.split(' ');
const PLAIN = ['EXTERN_ID', 'MADID', 'LOOKALIKE_VALUE'];
/** Names that a schema of one key has of its own. */
const SINGLE: Record<string, string> = {
  EMAIL_SHA256: 'EMAIL',
  PHONE_SHA256: 'PHONE',
  MOBILE_ADVERTISER_ID: 'MADID',
  EXTERN_ID: 'EXTERN_ID',
};
const MOST_SAMPLES = 100;

const Cell = z.union([z.string(), z.number()]);
const Payload = z.object({
  schema: z.union([z.enum(Object.keys(SINGLE)), z.array(z.enum([...HASHED, ...PLAIN])).min(1)]),
  data: z.array(z.union([Cell, z.array(Cell)])).min(1),
});

export type Operation = 'add' | 'remove' | 'replace';

/** Imitates `/users` and `/usersreplace` of the audiences of one ad account. */
export function openUploads(now: () => number) {
  const sessions = openSessions(now);

  return {
    sessions,
    /** Takes one request's rows and answers with counts, as Meta does; a wrong row is counted, never refused alone. */
    take(
      audience: { id: string; members: Members },
      operation: Operation,
      request: SandboxRequest,
    ): SandboxReply {
      const parsed = Payload.safeParse(fromJson(param(request, 'payload')));
      const rows = parsed.success ? rowsOf(parsed.data) : undefined;
      if (!parsed.success || !rows) return refuse(100, 'Data is missing or does not match schema');
      if (rows.length > ROWS_PER_REQUEST) return refuse(100, `Too many rows: at most ${ROWS_PER_REQUEST}`);
      const schema = JSON.stringify(parsed.data.schema);
      const session = sessions.enter(fromJson(param(request, 'session')), audience.id, operation, schema);
      if ('refusal' in session) return session.refusal;

      const invalid = rows.filter((row) => !isValid(row));
      if (operation === 'replace' && session.first) audience.members.clear();
      const change = operation === 'remove' ? audience.members.remove : audience.members.add;
      for (const row of rows) if (isValid(row)) change(row);
      const samples = invalid.slice(0, MOST_SAMPLES).map((row) => Object.values(row).join(','));
      return ok({
        audience_id: audience.id,
        session_id: session.id,
        num_received: session.received(rows.length, invalid.length),
        num_invalid_entries: invalid.length,
        invalid_entry_samples: Object.fromEntries(samples.map((sample, i) => [String(i), sample])),
      });
    },
  };
}

/** @returns undefined where a row has not as many cells as the schema has keys */
function rowsOf({ schema, data }: z.output<typeof Payload>): Person[] | undefined {
  const keys = typeof schema === 'string' ? [SINGLE[schema] ?? schema] : schema;
  const rows: Person[] = [];
  for (const item of data) {
    // A schema given as a list wants rows that are lists.
    if (typeof schema !== 'string' && !Array.isArray(item)) return undefined;
    const cells = [item].flat();
    if (cells.length !== keys.length) return undefined;
    const filled = keys.map((key, i) => [key, String(cells[i] ?? '')]).filter(([, cell]) => cell !== '');
    rows.push(Object.fromEntries(filled) as Person);
  }
  return rows;
}

function isValid(row: Person): boolean {
  const cells = Object.entries(row);
  const right = cells.filter(([key, cell = '']) => !HASHED.includes(key) || /^[\da-f]{64}$/.test(cell));
  return cells.length > 0 && right.length === cells.length;
}
