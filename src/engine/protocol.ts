import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, createWriteStream, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

/** One request as the engine takes it. Parameters are texts in ClickHouse's escaped form, as HTTP carries them. */
export type Statement = {
  sql: string;
  database: string;
  format: string;
  settings: Record<string, string>;
  params: Record<string, string>;
  /** Unique; the statement is killed by it. */
  tag: string;
};

type Engine = {
  run(statement: Statement, gone: AbortSignal): Promise<Uint8Array>;
  callersChanged(count: number): void;
};

/** Parameters of ClickHouse's HTTP interface that are no settings, or that have no meaning in the engine process. */
const NOT_SETTINGS = new Set(
  ['query', 'query_id', 'database', 'default_format', 'wait_end_of_query', 'buffer_size', 'compress']
    .concat(['decompress', 'session_id', 'session_timeout', 'session_check', 'role', 'user', 'password'])
    .concat(['quota_key', 'stacktrace', 'close_session']),
);
/** Not chDB's `default`, in which a quoted name reads the file of that name. */
export const DATABASE = 'segment_sync';
/** Starting `mkfifo` copies the page tables of the whole process: tens of milliseconds. More than these are made and removed. */
const IDLE_PIPES = 4;
const LONGEST_HEAD_BYTES = 4 * 1024 * 1024;
const NAME = /^\w+$/;

/**
 * ClickHouse's HTTP protocol as far as its official client uses it: statements in the body, or in `query` with
 * rows to insert in the body; parameters and settings in the URL; `/ping`. Beyond it `/hold`, a request that stays
 * open as long as its caller wants the engine to stay.
 */
export function protocolServer(engine: Engine): Server {
  const holds = new Set<ServerResponse>();
  let running = 0;
  const count = () => engine.callersChanged(holds.size + running);

  const server = createServer(
    { maxHeaderSize: LONGEST_HEAD_BYTES, requestTimeout: 0 },
    (request, response) => {
      const url = new URL(request.url ?? '/', 'http://engine');
      if (url.pathname === '/ping') {
        response.end('Ok.\n');
        return;
      }
      const gone = new AbortController();
      if (url.pathname === '/hold') {
        holds.add(response);
        response.writeHead(200).flushHeaders();
      } else {
        running += 1;
        void answer(engine, request, url.searchParams, response, gone.signal);
      }
      count();
      response.on('close', () => {
        if (!holds.delete(response)) running -= 1;
        if (!response.writableFinished) gone.abort();
        count();
      });
    },
  );
  // Longer than any pause of a client, so that a kept connection is not closed under its next request.
  server.keepAliveTimeout = 3_600_000;
  return server;
}

async function answer(
  engine: Engine,
  request: IncomingMessage,
  search: URLSearchParams,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const tag = randomUUID();
  try {
    const inQuery = search.get('query');
    const statement = { ...settingsOf(search), tag, sql: inQuery ?? (await text(request)) };
    const words = withoutQuotes(statement.sql).trim();
    if (/;\s*\S/.test(words)) {
      // chDB would run all of them and glue their answers together.
      throw new Error('Code: 62. DB::Exception: Multi-statements are not allowed. (SYNTAX_ERROR)');
    }
    if (inQuery && /^insert\b/i.test(words)) await insert(engine, statement, request, gone);
    else if (search.get('wait_end_of_query') !== '1' && /^[\s(]*(select|with|from)\b/i.test(words)) {
      return await stream(engine, statement, response, gone);
    } else response.write(await engine.run(statement, gone));
    response.end();
  } catch (error) {
    request.resume();
    if (!gone.aborted) fail(response, tag, error);
  }
}

const QUOTED_OR_COMMENT =
  /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|#[ !][^\n]*|\/\*.*?\*\/|\$(\w*)\$.*?\$\1\$/gs;

const INPUT = new RegExp(`${QUOTED_OR_COMMENT.source}|\\binput\\s*\\(`, 'gis');

/** A statement without comments, and with `x` for each text and quoted name. */
function withoutQuotes(sql: string): string {
  return sql.replace(QUOTED_OR_COMMENT, (part) => (/^['"`$]/.test(part) ? 'x' : ' '));
}

function settingsOf(search: URLSearchParams): Omit<Statement, 'tag' | 'sql'> {
  const settings: Record<string, string> = {};
  const params: Record<string, string> = {};
  for (const [key, value] of search) {
    if (!NAME.test(key)) throw new Error(`Code: 36. DB::Exception: ${key} is no name. (BAD_ARGUMENTS)`);
    if (key.startsWith('param_')) params[key.slice('param_'.length)] = value;
    else if (!NOT_SETTINGS.has(key)) settings[key] = value;
  }
  const format = search.get('default_format') ?? 'TabSeparated';
  return { settings, params, format, database: search.get('database') ?? DATABASE };
}

/** A statement that reads `input('structure')` with another table function in its place; undefined for any other. */
function readingInput(sql: string, instead: string): string | undefined {
  let found = false;
  const changed = sql.replace(INPUT, (part) => {
    if (/^['"`$#/-]/.test(part)) return part;
    found = true;
    return instead;
  });
  return found ? changed : undefined;
}

/** Spools the rows first: a body that breaks off then stores nothing. */
async function insert(engine: Engine, statement: Statement, body: IncomingMessage, gone: AbortSignal) {
  const [, head, format] = /^(.*\S)\s+FORMAT\s+(\w+)\s*$/is.exec(statement.sql) ?? [];
  if (!head) {
    throw new Error('Code: 48. DB::Exception: Rows need INSERT INTO … FORMAT …. (NOT_IMPLEMENTED)');
  }
  const file = `${statement.tag}.rows`;
  try {
    await pipeline(body, createWriteStream(file, { mode: 0o600 }));
    const sql = readingInput(head, `file('${resolve(file)}', '${format}', `);
    await engine.run({ ...statement, sql: sql ?? `${head} FROM INFILE '${file}' FORMAT ${format}` }, gone);
  } finally {
    await rm(file, { force: true });
  }
}

const idlePipes: string[] = [];

/** A named pipe that nobody has open for writing. */
async function takePipe(tag: string): Promise<string> {
  const idle = idlePipes.pop();
  if (idle) return idle;
  const pipe = `${tag}.pipe`;
  await promisify(execFile)('mkfifo', ['-m', '600', pipe]);
  return pipe;
}

/** @param drained whether it was read to the end that the last writer leaves */
async function givePipe(pipe: string, drained: boolean): Promise<void> {
  if (drained && idlePipes.length < IDLE_PIPES) idlePipes.push(pipe);
  else await rm(pipe, { force: true });
}

/**
 * Streams a result through a named pipe: the engine formats into it on its own threads and waits when the caller
 * reads slowly. chDB's own streaming is not used: it holds up the whole process while a statement is planned
 * (scalar subqueries included) and crashes on some exits.
 */
async function stream(engine: Engine, statement: Statement, response: ServerResponse, gone: AbortSignal) {
  const [, head = statement.sql, format = statement.format] =
    /^(.*\S)\s+FORMAT\s+(\w+)[\s;]*$/is.exec(statement.sql) ?? [];
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('X-ClickHouse-Exception-Tag', statement.tag);
  const pipe = await takePipe(statement.tag);
  let isDrained = false;
  try {
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    // The reader sees the end when the last writer closes: this one, also when the engine never opened the pipe.
    const writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    // On a line of its own: the statement may end in a comment.
    const sql = `${head}\nINTO OUTFILE '${pipe}' TRUNCATE FORMAT ${format}`;
    const done = engine
      .run({ ...statement, sql }, gone)
      .then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      .finally(() => closeSync(writer));
    for await (const chunk of new Socket({ fd: reader, readable: true, writable: false })) {
      // Once the caller has gone, the rest is read all the same: a writer on a full pipe could not be killed.
      if (!gone.aborted && !response.write(chunk)) await drained(response);
    }
    isDrained = true;
    const failure = await done;
    if (failure) fail(response, statement.tag, failure.error);
    else response.end();
  } finally {
    await givePipe(pipe, isDrained);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** As a server says it: by status and header, or, after the first bytes, in a marked block at the end of the body. */
function fail(response: ServerResponse, mark: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const known = /Code: (\d+)\. DB::Exception/.exec(message);
  const said = known ? message : `Code: 1001. DB::Exception: ${message}. (STD_EXCEPTION)`;
  if (response.headersSent) {
    const block = `${said}\n`;
    response.end(
      `\r\n__exception__\r\n${mark}\r\n${block}${Buffer.byteLength(block)} ${mark}\r\n__exception__\r\n`,
    );
  } else {
    response.writeHead(500, { 'X-ClickHouse-Exception-Code': known?.[1] ?? '1001' }).end(said);
  }
}
