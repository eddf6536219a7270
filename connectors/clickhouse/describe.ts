import { queryFailure } from '../query-failure.ts';
import type { QueryColumn, QueryRequest, SinceText } from '../query-session.ts';
import { around, bind, unbound, type Ask } from './statements.ts';
import { kindOf } from './types.ts';

const MOMENT: SinceText = (kind, earliest) =>
  kind === 'integer' ? '1' : earliest.time.replace('1900', '2000');

/**
 * Proves that the query is one SELECT and that this user may run it, without reading a row.
 * @returns its columns
 */
export async function describeQuery(request: QueryRequest, ask: Ask): Promise<QueryColumn[]> {
  const { statement, cursor } = request;
  const query = unbound(statement);
  // On its own, so that no bracket in it closes one of ours.
  const [written] = await ask<{ sql: string }>({
    sql: 'SELECT formatQuery({query:String}) AS sql',
    params: { query },
  });
  if (!/^[\s(]*(SELECT|WITH)\b/.test(written!.sql))
    throw queryFailure('query', request, { said: 'this is no SELECT' });
  const found = await ask<{ name: string; type: string }>({
    sql: around(query, 'DESCRIBE TABLE (SELECT *', ')'),
    params: {},
  });
  const columns = found.map(({ name, type }) => ({ name, type, kind: kindOf(type) }));
  const column = cursorOf(columns, cursor);
  // What is no cursor at all is told better by `checkCursor`.
  const isOne = column && column.kind !== 'other' && column.kind !== 'list';
  const bound = bind(statement, isOne ? column : undefined, MOMENT);
  await ask({ ...bound, sql: around(bound.sql, 'SELECT *', ' LIMIT 0') });
  return columns;
}

export function cursorOf(
  columns: readonly QueryColumn[],
  cursor: string | undefined,
): QueryColumn | undefined {
  return columns.find(({ name }) => name === cursor);
}

/** Whether what the index is asked for depends on `{since}`. */
export async function usesIndex(
  { statement, cursor }: QueryRequest,
  columns: readonly QueryColumn[],
  since: SinceText,
  ask: Ask,
): Promise<boolean> {
  const conditionsAt = async (at: SinceText): Promise<string> => {
    const bound = bind(statement, cursorOf(columns, cursor), at);
    const plan = await ask<{ explain: string }>({
      ...bound,
      sql: around(bound.sql, 'EXPLAIN indexes = 1 SELECT *'),
    });
    return plan.flatMap(({ explain }) => (explain.includes('Condition:') ? explain : [])).join('\n');
  };
  return (await conditionsAt(since)) !== (await conditionsAt(MOMENT));
}
