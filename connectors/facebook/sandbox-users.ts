import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import type { SandboxAudience } from './sandbox-audiences.ts';
import type { Person } from './sandbox-members.ts';
import { fromJson, ok, param, refuse } from './sandbox-replies.ts';
import { openSessions } from './sandbox-sessions.ts';
import { isFlagged } from './sandbox-status.ts';
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
const Payload = z.strictObject({
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
    take(audience: SandboxAudience, operation: Operation, request: SandboxRequest): SandboxReply {
      const read = readRows(request);
      if ('status' in read) return read;
      const { rows, schema } = read;
      if (schema.includes('LOOKALIKE_VALUE') && !audience.is_value_based)
        return refuse(100, 'LOOKALIKE_VALUE is only for an audience that is value-based');
      if (isFlagged(audience)) {
        return refuse(100, 'Invalid parameter', { subcode: 1713230, title: 'Audience Upload Blocked' });
      }
      const given = fromJson(param(request, 'session'));
      const running = { id: audience.id, replacing: audience.replacing };
      const session = sessions.enter(given, running, operation, JSON.stringify(schema));
      if ('refusal' in session) return session.refusal;

      const invalid = rows.filter((row) => !isValid(row));
      if (operation === 'replace') audience.replacing = session.finished ? undefined : session.id;
      if (operation === 'replace' && session.first) audience.members.clear();
      const change = operation === 'remove' ? audience.members.remove : audience.members.add;
      for (const row of rows) if (isValid(row)) change(row);
      const num_received = session.received(rows.length, invalid.length);
      return counts({ audience_id: audience.id, session_id: session.id, num_received }, invalid);
    },

    /** Takes people out of every audience of the account. */
    takeFromAll(audiences: Iterable<SandboxAudience>, request: SandboxRequest): SandboxReply {
      const read = readRows(request);
      if ('status' in read) return read;
      const { rows } = read;
      for (const { members } of audiences) for (const row of rows) if (isValid(row)) members.remove(row);
      return counts(
        { num_received: rows.length },
        rows.filter((row) => !isValid(row)),
      );
    },
  };
}

function readRows(request: SandboxRequest): { schema: string | string[]; rows: Person[] } | SandboxReply {
  const parsed = Payload.safeParse(fromJson(param(request, 'payload')));
  const rows = parsed.success ? rowsOf(parsed.data) : undefined;
  if (!parsed.success || !rows) return refuse(100, 'Data is missing or does not match schema');
  if (rows.length > ROWS_PER_REQUEST) return refuse(100, `Too many rows: at most ${ROWS_PER_REQUEST}`);
  return { schema: parsed.data.schema, rows };
}

function counts(counted: Record<string, unknown>, invalid: readonly Person[]): SandboxReply {
  const samples = invalid.slice(0, MOST_SAMPLES).map((row) => Object.values(row).join(','));
  return ok({
    ...counted,
    num_invalid_entries: invalid.length,
    invalid_entry_samples: Object.fromEntries(samples.map((sample, i) => [String(i), sample])),
  });
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
    const filled = keys.map((key, i) => [key, cells[i]]).filter(([, cell]) => cell !== '');
    rows.push(Object.fromEntries(filled) as Person);
  }
  return rows;
}

/** Hashes are hashes, a value is a number from 0, and something says who it is. */
function isValid(row: Person): boolean {
  const cells = Object.entries(row);
  const right = cells.filter(([key, cell]) => {
    if (key === 'LOOKALIKE_VALUE') return typeof cell === 'number' && cell >= 0;
    return typeof cell === 'string' && (!HASHED.includes(key) || /^[\da-f]{64}$/.test(cell));
  });
  const names = cells.filter(([key]) => key !== 'LOOKALIKE_VALUE');
  return names.length > 0 && right.length === cells.length;
}
