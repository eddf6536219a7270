import { boundSoon, sinceText } from './query-cursor.ts';
import type { Opened } from './query-pull.ts';
import type { QueryColumn, QueryRequest, Session } from './query-session.ts';
import type { QuerySettings } from './query.ts';

/** A query that is proved, whoever is to read it. */
export type Looked = Omit<Opened, 'session'> & { session: Omit<Session, 'describe' | 'read' | 'close'> };

/** What a query that can be read is made of, a fact a line. */
export async function checkFacts(
  opened: Looked,
  options: { settings: QuerySettings; request: QueryRequest; timezone: string },
): Promise<string[]> {
  const { session, columns, meaning } = opened;
  const { settings, request, timezone } = options;
  const { where, address } = request;
  const fields = Object.entries({ ...meaning.columns, ...meaning.extra });
  const used = columns.filter(({ name }) => fields.some(([, column]) => column === name));
  const facts = [
    `${where}: ${session.server}, ${session.in_place ? 'read in place' : tlsFact(session.tls, address.tls)}`,
    `columns of the query: ${columns.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
    `${meaning.records}: ${fields.map(([field, column]) => (field === column ? field : `${field} = ${column}`)).join(', ')}`,
  ];
  const local = used.filter(({ kind }) => kind === 'local_time');
  if (local.length > 0) facts.push(`times without a zone are read as of ${timezone}: ${namesOf(local)}`);
  const lists = used.filter(({ kind }) => kind === 'list');
  if (lists.length > 0) facts.push(`lists are read as one text; join them in the query: ${namesOf(lists)}`);
  if (opened.cursor) facts.push(await cursorFact(opened, settings, timezone));
  return facts;
}

function tlsFact(version: string | undefined, asked: string): string {
  if (!version) return 'without TLS';
  return `${version}, ${asked === 'verify' ? 'certificate verified' : 'certificate not verified'}`;
}

async function cursorFact(
  { session, columns, cursor }: Looked,
  settings: QuerySettings,
  timezone: string,
): Promise<string> {
  const { name, kind } = columns[cursor!.index]!;
  const since = sinceText(boundSoon(kind, session.now), timezone);
  const found = await session.usesIndex(since);
  const kept = settings.cursor!.sorted ? 'kept as the pull goes on' : 'kept at the end of a pull';
  const index = found
    ? 'an index finds what is new'
    : 'no index finds what is new: each pull reads the whole table';
  return `cursor ${name}: ${index}; how far it came is ${kept}`;
}

function namesOf(columns: readonly QueryColumn[]): string {
  return columns.map(({ name }) => name).join(', ');
}
