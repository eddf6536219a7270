import { SyncError } from '../error.ts';
import { checkFacts, type Looked } from '../query-check.ts';
import { meaningOf } from '../query-columns.ts';
import { boundAt, boundOf, checkCursor, EVERYTHING, markOf, PART, sinceText } from '../query-cursor.ts';
import type { QueryRequest, SinceText } from '../query-session.ts';
import { readStatement } from '../query-text.ts';
import { durationMs, type QuerySettings } from '../query.ts';
import type { Page } from '../records.ts';
import type { EngineServer, PullFrom, Source, SourceContext } from '../source.ts';
import { cursorOf, describeQuery, usesIndex } from './describe.ts';
import { explainClickHouse } from './explain.ts';
import { around, bind, limitsFor, textsOf, type Ask, type Bound } from './statements.ts';
import { quotedName, textOf } from './types.ts';

/** Opens a query over tables beside the program's own: the rows never leave the server. */
export function openInPlace(settings: QuerySettings, context: SourceContext): Source {
  const { engine } = context;
  if (!engine) throw noServer();
  const timezone = settings.timezone ?? context.timezone;
  const request = requestOf(settings, engine, context.signal);
  const limits = Object.entries(limitsFor(request.timeout_ms)).map(([name, value]) => `${name} = '${value}'`);
  const ask = askThrough(engine, limits);

  async function explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      throw explainClickHouse(error, request);
    }
  }

  const open = async (): Promise<Looked> => {
    const [facts] = await ask<{ version: string; now: string }>({
      sql: `SELECT version() AS version, toString(now64(3, 'UTC')) AS now`,
      params: {},
    });
    const columns = await describeQuery(request, ask);
    const session: Looked['session'] = {
      server: `ClickHouse ${facts!.version}`,
      in_place: true,
      now: new Date(`${facts!.now.replace(' ', 'T')}Z`).toISOString(),
      usesIndex: (since) => usesIndex(request, columns, since, ask),
    };
    return {
      session,
      columns,
      meaning: meaningOf(settings, columns, request.where),
      cursor: settings.cursor && checkCursor(settings.cursor, columns, request.where),
    };
  };

  /** @returns the greatest value of the cursor, as `boundAt` reads it, before anything is read */
  async function greatest(since: SinceText, { columns }: Looked): Promise<string | undefined> {
    const column = cursorOf(columns, request.cursor)!;
    const bound = bind(request.statement, column, since);
    const value = textOf(`maxOrNull(${quotedName(column.name)})`, column.type);
    const [row] = await ask<{ at: string | null }>({
      ...bound,
      sql: around(bound.sql, `SELECT ${value} AS at`),
    });
    return row?.at ?? undefined;
  }

  function page(opened: Looked, { sql, params }: Bound): Page {
    const { columns, meaning, session } = opened;
    const query = {
      sql: textsOf(sql, columns),
      params,
      names: columns.map(({ name }) => name),
      settings: limits,
      explain: (error: unknown) => explainClickHouse(error, request),
    };
    // Milliseconds times 1000, as versions by `updated_at` are.
    const version = Date.parse(session.now) * 1000;
    const name = `query of ${request.address.database}`;
    return {
      tables: [{ name, meaning, version, modified_at: session.now, rows: { format: 'query', query } }],
    };
  }

  return {
    check: () => explained(async () => checkFacts(await open(), { settings, request, timezone })),

    async *pull(from: PullFrom) {
      const opened = await explained(open);
      const { cursor, columns, session } = opened;
      const bound = cursor
        ? boundOf(from, settings.cursor!, cursor.kind, timezone, request.where)
        : EVERYTHING;
      const since = sinceText(bound, timezone);
      // What comes while the rows are read is read again by the next pull, and not missed.
      const at = cursor && (await explained(() => greatest(since, opened)));
      yield page(opened, bind(request.statement, cursorOf(columns, request.cursor), since));
      const reached = at && boundAt(at, cursor.kind, timezone);
      if (reached) yield { marks: { [PART]: markOf(reached, session.now, from.marks.get(PART)) } };
    },
  };
}

function requestOf(settings: QuerySettings, engine: EngineServer, signal: AbortSignal): QueryRequest {
  const { host, port, user, database } = engine;
  const statement = readStatement(settings.query, 'clickhouse');
  // The schema has proved it.
  if ('problem' in statement) throw new TypeError('unread query');
  return {
    address: { host, port, user, database, password: '', tls: 'off' },
    where: `clickhouse ${database} in the engine`,
    statement,
    cursor: settings.cursor?.field,
    timeout_ms: durationMs(settings.timeout),
    signal,
  };
}

/** Everything that is asked beside the reading itself may only read, whatever the engine's user may. */
function askThrough(engine: EngineServer, limits: readonly string[]): Ask {
  return ({ sql, params }) => engine.query(`${sql} SETTINGS readonly = 1, ${limits.join(', ')}`, params);
}

function noServer(): SyncError {
  return new SyncError({
    code: 'SOURCE_NOT_FOUND',
    where: 'clickhouse',
    what: 'The source has no `url`, and the engine is the one that comes with the program.',
    why: 'Without `url` the query reads tables of the ClickHouse server that the program keeps its own tables on.',
    fix: 'Set `url` to the server that has the orders, or `engine.url` in the settings where that one is to be the engine too.',
  });
}
