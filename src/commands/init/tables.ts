import { sources, SyncError, type Peek } from '../../../connectors/index.ts';
import { plainName } from './column-names.ts';
import { missingFields, proposeColumns, type Columns } from './mapping.ts';
import type { Database } from './look.ts';

/** The tables and views of a database, each with its columns. */
export type Tables = readonly Table[];
type Table = { name: string; columns: { name: string; type: string }[] };

/** What would be read of a database: the query, and its first rows under our own names of the fields. */
export type Query = { table: string; sql: string; cursor?: string; peek: Peek; columns: Columns };

const LIST = `SELECT table_schema AS s, table_name AS t, column_name AS c, data_type AS d
  FROM information_schema.columns
  WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys')
  ORDER BY table_schema, table_name, ordinal_position`;

/** @throws SyncError of the database, or `ARGUMENT_WRONG` where the user sees no table */
export async function readTables({ type, url }: Database, signal: AbortSignal): Promise<Tables> {
  const { rows } = await sources[type]!.peek!({ url, query: LIST }, signal);
  // Tables of the schema that is searched without being named keep their short names.
  const usual = type === 'postgres' ? 'public' : decodeURIComponent(new URL(url).pathname.slice(1));
  const grouped = Map.groupBy(rows, ([schema, table]) => (schema === usual ? table! : `${schema}.${table}`));
  const tables = [...grouped].map(([name, columns]) => ({
    name,
    columns: columns.map(([, , column, kind]) => ({ name: column!, type: kind! })),
  }));
  if (tables.length > 0) return tables;
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: 'The database shows this user no table.',
    fix: 'Name a database that holds orders, with a user who may read them.',
  });
}

/** The tables that look like orders, the best first: by their name, and by how much of an order they have. */
export function likelyTables(tables: Tables): Table[] {
  const scored = tables.map((table) => {
    const columns = proposeColumns({ columns: table.columns, rows: [] }, {});
    const isNamed = /(^|_)(order|orders|bestellung|bestellungen|commandes?|pedidos?|ordini|comenzi)$/.test(
      plainName(table.name.split('.').at(-1)!),
    );
    const score = missingFields(columns).length === 0 ? Object.keys(columns).length + (isNamed ? 100 : 0) : 0;
    return { table, score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .map(({ table }) => table);
}

/**
 * Proposes the query that reads the orders of a table, under our own names. An address that only the table of customers
 * knows is joined.
 * @param given which column is which field, where somebody said it
 */
export async function proposeQuery(
  database: Database,
  tables: Tables,
  table: Table,
  given: Columns,
  signal: AbortSignal,
): Promise<Query> {
  const quoted = (name: string) =>
    name
      .split('.')
      .map((part) => (database.type === 'postgres' ? `"${part}"` : `\`${part}\``))
      .join('.');
  const peek = await sources[database.type]!.peek!(
    { url: database.url, query: `SELECT * FROM ${quoted(table.name)} LIMIT ${LOOKED_AT}` },
    signal,
  );
  const columns = proposeColumns(peek, given);
  const people = columns.email ? undefined : customersOf(tables, table, columns);
  const plain = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoted(name));
  const lines = Object.entries(columns).map(([field, column]) =>
    column === field ? `o.${plain(column)}` : `o.${plain(column)} AS ${field}`,
  );
  if (people) lines.push(`c.${plain(people.email)} AS email`);
  const cursor = columns.updated_at === undefined ? undefined : 'updated_at';
  const where = cursor ? [`WHERE o.${plain(columns.updated_at!)} >= {since}`] : [];
  const join = people
    ? [`LEFT JOIN ${quoted(people.table)} AS c ON c.${plain(people.id)} = o.${plain(columns.customer_id!)}`]
    : [];
  const select = [`SELECT ${lines.join(',\n  ')}`, `FROM ${quoted(table.name)} AS o`, ...join];
  const query = [...select, `LIMIT ${LOOKED_AT}`].join('\n');
  const own = await sources[database.type]!.peek!({ url: database.url, query }, signal);
  const fields = Object.fromEntries(own.columns.map(({ name }) => [name, name])) as Columns;
  return { table: table.name, sql: [...select, ...where].join('\n'), cursor, peek: own, columns: fields };
}

const LOOKED_AT = 1000;

/** The table that has an address for the customer ids of another. */
function customersOf(tables: Tables, orders: Table, { customer_id }: Columns) {
  if (customer_id === undefined) return undefined;
  for (const table of tables) {
    if (table === orders || !/(customer|user|client|kunde|account|buyer)/.test(plainName(table.name)))
      continue;
    const { email } = proposeColumns({ columns: table.columns, rows: [] }, {});
    const id = table.columns.find(({ name }) => ['id', plainName(customer_id)].includes(plainName(name)));
    if (email !== undefined && id) return { table: table.name, email, id: id.name };
  }
  return undefined;
}
