import { SyncError } from '../../connectors/index.ts';
import type { Params } from '../engine/engine.ts';
import type { SqlFile } from '../job/custom-sql.ts';
import { FIELDS } from '../job/fields.ts';
import { facts } from '../models/facts.ts';
import { checkQuery, type CheckedQuery } from '../models/custom/query-check.ts';
import type { CutModels } from './custom.ts';
import { purchasedLines } from './lines.ts';
import { purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';

/** What looking at a query takes of a run. */
type QueryContext = Pick<RunContext, 'engine' | 'job' | 'run_id' | 'as_of'>;

type SqlMembers = {
  /** For each entry that is a file of SQL, an expression that says whether a customer is in it. */
  expressions: Map<string, string>;
  /** The columns of `facts` that they read. */
  columns: string[];
  params: Params;
};

/**
 * @param models those of the run, whose segments the files may read
 * @throws SyncError `SEGMENT_SQL_WRONG` for a file that the engine or our own rules refuse
 */
export async function sqlMembers(run: RunContext, models: CutModels, round: number): Promise<SqlMembers> {
  const members: SqlMembers = { expressions: new Map(), columns: [], params: {} };
  for (const file of run.job.sql_files) {
    const query = await checked(run, file);
    const column = await memberColumn(run, file, withTables(query, [], '*'));
    const yielded = withTables(query, models, `assumeNotNull(toString(${column}))`);
    members.expressions.set(file.name, `${column} IN (${yielded} WHERE ${column} IS NOT NULL)`);
    if (column === 'customer_id') members.columns.push(column);
    members.params = purchaseParams(run, round);
  }
  return members;
}

/**
 * Proves that a file of SQL can be used, before anything is pulled or read.
 * @throws SyncError `SEGMENT_SQL_WRONG`
 */
export async function checkSqlFile(run: QueryContext, file: SqlFile): Promise<void> {
  await memberColumn(run, file, withTables(await checked(run, file), [], '*'));
}

async function checked(run: QueryContext, file: SqlFile): Promise<CheckedQuery> {
  const query = await checkQuery(run.engine, file.text).catch((error: unknown) => {
    throw refused(file, error);
  });
  if ('refused' in query) throw refused(file, query.refused);
  return query;
}

/** What each table of `QUERY_TABLES` holds, as SQL in brackets. Bind `purchaseParams` and what the models bind. */
function tableSql(table: string, query: CheckedQuery, models: CutModels): string {
  if (table === 'customer_purchases') return `(${purchasedLines()})`;
  if (table === 'customer_profiles') {
    // Each table of the store that a column comes from is a join.
    const columns = [...Object.keys(FIELDS), 'extra'];
    const wild = query.sql.includes('*') || query.sql.includes('COLUMNS');
    const read = wild ? columns : columns.filter((column) => new RegExp(`\\b${column}\\b`).test(query.sql));
    return `(SELECT * FROM ${facts(read)})`;
  }
  if (models.length === 0) return `(SELECT '' AS customer, '' AS segment WHERE false)`;
  const names = models.map(([model, { segment }]) => `concat('${model}.', ${segment})`);
  const columns = new Set(models.flatMap(([, { columns }]) => columns));
  return `(SELECT customer, arrayJoin([${names.join(', ')}]) AS segment FROM ${facts([...columns])})`;
}

function withTables(query: CheckedQuery, models: CutModels, columns: string): string {
  const tables = query.tables.map((table) => `${table} AS ${tableSql(table, query, models)}`);
  const before = tables.length > 0 ? `WITH ${tables.join(', ')} ` : '';
  return `${before}SELECT ${columns} FROM (${query.sql})`;
}

/** @returns which of its columns says who is in the segment */
async function memberColumn(
  run: QueryContext,
  file: SqlFile,
  sql: string,
): Promise<'customer' | 'customer_id'> {
  const columns = await run.engine
    .query<{ name: string; type: string }>(`DESCRIBE TABLE (${sql})`, purchaseParams(run, 0))
    .catch((error: unknown) => {
      throw refused(file, error);
    });
  const [found] = (['customer', 'customer_id'] as const).flatMap((name) =>
    columns.filter((column) => column.name === name).map(({ type }) => ({ name, type })),
  );
  if (!found) {
    const names = columns.map(({ name }) => name).join(', ');
    throw refused(file, `It yields ${names || 'nothing'}, but no column "customer" or "customer_id".`);
  }
  if (!/^(LowCardinality\()?(Nullable\()?String\)*$/.test(found.type))
    throw refused(file, `Its column "${found.name}" holds ${found.type}, not texts.`);
  return found.name;
}

/** What the engine says of a query ends in the whole of it; an address may stand in what is left. */
function refused(file: SqlFile, reason: unknown): SyncError {
  const said = reason instanceof Error ? reason.message.split(/\.? ?: In scope/)[0]! : String(reason);
  const why = said.replaceAll(/\S+@\S+/g, '***');
  return new SyncError({
    code: 'SEGMENT_SQL_WRONG',
    where: file.file,
    what: `The SQL of the segment custom.${file.name} cannot be used.`,
    why,
    fix: 'Write one SELECT over customer_profiles, customer_purchases and customer_segments that yields a column "customer" or "customer_id"; config/README.md says what they hold.',
  });
}
