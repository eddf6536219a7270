import { hash } from 'node:crypto';
import { z } from 'zod';
import { checkColumns, columnSettings, misplaced } from './columns.ts';
import { PART } from './query-cursor.ts';
import { readAddress, TLS, type Address, type UrlForm } from './query-address.ts';
import type { Driver } from './query-session.ts';
import { QUOTED, readStatement, type Dialect, type Statement } from './query-text.ts';
import type { Cursor, Source, SourceContext, SourceDefinition } from './source.ts';

/** A kind of database that is read by the operator's own query. */
export type QueryKind = UrlForm & {
  type: string;
  title: string;
  dialect: Dialect;
  /** Loads the driver. */
  driver(): Promise<Driver>;
  /** Loads what opens a query without a `url`, where the kind allows one. */
  inPlace?(): Promise<(settings: QuerySettings, context: SourceContext) => Source>;
};

/** Rows that change while a transaction is open are seen when it ends, with the time they changed. */
const USUAL_LAG_MS = 2 * 86_400_000;

const DURATION = /^(\d+)([smhdw])$/;
const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const duration = z.string().regex(DURATION, 'Write a number and a unit, for example 12h or 2d');

const CursorShape = z.strictObject({
  field: z
    .string()
    .min(1)
    .describe('Column of the query that grows whenever a row changes: a time, a date or a whole number.'),
  lag: z
    .union([duration, z.int().min(0)])
    .optional()
    .describe(
      'How far behind the greatest value seen the next pull begins, for rows that come late: a time such as 2d (the default), or a number where the cursor is one (0 unless given).',
    ),
  start: z
    .union([z.iso.date(), z.iso.datetime({ offset: true }), z.int()])
    .optional()
    .describe('Where the first pull begins; everything unless given.'),
  sorted: z
    .boolean()
    .default(false)
    .describe('The query has ORDER BY the cursor, so a pull that breaks off goes on from where it was.'),
});
export type CursorSettings = z.output<typeof CursorShape>;

const Shape = z.strictObject({
  url: z.string().optional(),
  query: z
    .string()
    .describe(
      'One SELECT. `{since}` in it stands for where the pull begins; it is bound as a value, so leave quotes out.',
    ),
  cursor: CursorShape.optional().describe(
    'How the query tells what is new; without it everything is read each time.',
  ),
  ...columnSettings,
  columns: columnSettings.columns.describe(
    'Our name of a field, and the column of the query; the columns that have our names when absent.',
  ),
  ssl: z
    .enum(TLS)
    .optional()
    .describe(
      "`verify` checks the server's certificate, `unverified` only encrypts, `off` does not. When absent the URL says (`sslmode`), else `verify`, but `off` on this machine.",
    ),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the certificates to trust (PEM), relative to the job file; those of the system when absent.',
    ),
  timeout: duration.default('1h').describe('How long the server may work on the query.'),
});
export type QuerySettings = z.output<typeof Shape>;

/** A source whose rows are the result of a query. */
export function querySource(kind: QueryKind): SourceDefinition<QuerySettings> {
  return {
    type: kind.type,
    title: kind.title,
    settings: settingsOf(kind),
    identity(settings) {
      const place = settings.url === undefined ? ['engine'] : placeIn(addressOf(settings, kind));
      const { records, event = '', query } = settings;
      // The query may hold a secret that was filled in.
      return [kind.type, ...place, records, event, hash('sha256', query.trim())].join(':');
    },
    cursors({ cursor }): Record<string, Cursor> {
      if (!cursor) return {};
      const { field, lag, start } = cursor;
      const lag_ms = typeof lag === 'number' ? 0 : lag === undefined ? USUAL_LAG_MS : durationMs(lag);
      return { [PART]: { field, lag_ms, ...(start === undefined ? {} : { start: String(start) }) } };
    },
    extra_fields: (settings) => Object.keys(settings.extra),
    async open(settings, context) {
      if (settings.url === undefined) return (await kind.inPlace!())(settings, context);
      const { openQuery } = await import('./query-pull.ts');
      return openQuery(kind, settings, context);
    },
    async peek(place, signal) {
      if (!('url' in place)) throw new TypeError('a database has a URL');
      const { peekQuery } = await import('./query-peek.ts');
      return peekQuery(kind, place, signal);
    },
  };
}

function placeIn({ host, port, socket, database }: Address): string[] {
  return [socket ?? `${host}:${port}`, database];
}

function settingsOf(kind: QueryKind) {
  const [scheme] = kind.schemes;
  const url = z.string().superRefine((text, context) => {
    const read = readAddress(text, kind);
    if ('problem' in read) context.addIssue({ code: 'custom', message: `The URL ${read.problem}` });
  });
  const form = `${scheme}://user:password@host:${kind.port}/database, best of a user who may only read`;
  const without = "when absent, the program's own server (`engine.url` of the settings) is read in place";
  const ssl = Shape.shape.ssl.describe(
    "`verify` checks the server's certificate, `unverified` only encrypts, `off` does not. When absent the scheme of the URL says.",
  );
  return Shape.extend({
    url: (kind.inPlace ? url.optional() : url)
      .describe(kind.inPlace ? `${form}; ${without}.` : `${form}.`)
      .meta({ secret: true }),
    ssl: kind.web ? ssl : Shape.shape.ssl,
  }).superRefine((settings, context) => {
    const { cursor, columns, query } = settings;
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (settings.url === undefined && (settings.ssl || settings.ca))
      problem(['url'], '`ssl` and `ca` speak of a connection, and there is no `url`');
    const statement = readStatement(query, kind.dialect);
    if ('problem' in statement) problem(['query'], `The query ${statement.problem}`);
    else if (cursor && statement.parts.length === 1)
      problem(['query'], '`cursor` needs {since} in the query, as in WHERE updated_at > {since}');
    else if (!cursor && statement.parts.length > 1)
      problem(['cursor'], '{since} needs `cursor`: name the column it is compared with');
    else if (cursor && statement.is_limited)
      problem(['query'], '`cursor` cannot go with LIMIT: rows past it would be lost');
    else if (cursor?.sorted && !isOrderedBy(statement, cursor.field))
      problem(['query'], `\`sorted\` needs ORDER BY ${cursor.field} at the end of the query`);
    if (columns) return checkColumns(settings, context);
    for (const { path, message } of misplaced(settings)) problem(path, message);
  });
}

function isOrderedBy({ ordered_by = '' }: Statement, field: string): boolean {
  return ordered_by === QUOTED || ordered_by.toLowerCase() === field.toLowerCase();
}

export function addressOf(settings: QuerySettings, kind: QueryKind): Address {
  const address = readAddress(settings.url!, kind);
  // The schema has proved it.
  if ('problem' in address) throw new TypeError('unread url');
  return { ...address, tls: settings.ssl ?? address.tls };
}

export function statementOf(settings: QuerySettings, kind: QueryKind): Statement {
  const statement = readStatement(settings.query, kind.dialect);
  if ('problem' in statement) throw new TypeError('unread query');
  return statement;
}

/** @param text as the schema lets it through: a number and s, m, h, d or w */
export function durationMs(text: string): number {
  const [, amount, unit] = DURATION.exec(text)!;
  return Number(amount) * UNIT_MS[unit!]!;
}
