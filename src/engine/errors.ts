import { ClickHouseError, parseError } from '@clickhouse/client';
import { SyncError } from '../../connectors/error.ts';

const UNKNOWN_HOST = ['ENOTFOUND', 'EAI_AGAIN'];
const REFUSED = ['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH'];
const NEVER_ARRIVED = new Set([...UNKNOWN_HOST, ...REFUSED]);
const CUT_OFF = new Set([
  ...NEVER_ARRIVED,
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
  'ETIMEDOUT',
]);

/**
 * Whether the connection to the engine failed, as opposed to an answer that says no.
 * @param to where a server stands, a proxy between may answer in its stead
 */
export function isCutOff(error: unknown, to: { gone?: AbortSignal }): boolean {
  return CUT_OFF.has(codeOf(error)) || (to.gone !== undefined && (to.gone.aborted || isForeign(error)));
}

/** Whether the engine cannot have seen the request. */
export function neverArrived(error: unknown): boolean {
  return NEVER_ARRIVED.has(codeOf(error));
}

/** Whether it is an answer that no ClickHouse gives: the client throws its body, or what JSON.parse says of it. */
function isForeign(error: unknown): boolean {
  return error instanceof Error && /^(Syntax)?Error$/.test(error.constructor.name) && codeOf(error) === '';
}

/** Whether what was to be stored could not be split into rows or cells. */
export function isUnsplit(error: unknown): boolean {
  return error instanceof ClickHouseError && /^(CANNOT_(PARSE|READ)|INCORRECT_DATA)/.test(error.type ?? '');
}

/** The code that Node gives an error, or none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What a failed connection is for whoever called. */
export function lost(settings: { state: string } | { url: string }, error: unknown): SyncError {
  const problem = 'state' in settings ? processLost(settings.state) : serverLost(settings.url, codeOf(error));
  return new SyncError({ code: 'ENGINE_LOST', ...problem }, { retry: 'now', cause: error });
}

function processLost(where: string) {
  return {
    where,
    what: 'The engine process ended during a statement.',
    fix: 'It is started again by the next call; engine.log in that directory may say why.',
  };
}

function serverLost(url: string, code: string) {
  const { host, hostname } = new URL(url);
  if (UNKNOWN_HOST.includes(code)) {
    const fix = 'Correct the host in `engine.url`, or the name service of this machine.';
    return { where: host, what: `There is no host "${hostname}".`, fix };
  }
  if (REFUSED.includes(code)) {
    const fix =
      'Start the ClickHouse server, or correct host and port in `engine.url`; a firewall may stand between.';
    return { where: host, what: `Nothing answers at ${host}.`, fix };
  }
  return {
    where: host,
    what: 'The ClickHouse server broke off or does not answer.',
    fix: 'Nothing to do if the next run goes well; else see whether the server runs, and what stands between.',
  };
}

/**
 * What a result ended with instead of rows: the engine's error, or, if it is none, half a row of a result that broke
 * off.
 */
export function lateError(text: string): Error {
  const error = parseError(text);
  if (error instanceof ClickHouseError) return error;
  return Object.assign(new Error('The result broke off.'), { code: 'ECONNRESET' });
}

/** Where ClickHouse goes on with the statement's text, its values, or the data it was reading. */
const DATA_FOLLOWS =
  /\n|[:,.]? \(?(?:while|in scope|in file|at row|data for)\b|[:.] (?:note|maybe you meant):? /i;
const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
/** Types of errors about a value, which their messages show in many ways. */
const ABOUT_VALUES =
  /^(CANNOT_(PARSE|CONVERT|READ)|ATTEMPT_TO_READ|INCORRECT_DATA|INVALID_|TYPE_MISMATCH|BAD_QUERY_PARAMETER|UNKNOWN_ELEMENT|VALUE_IS_OUT|ARGUMENT_OUT|DECIMAL_OVERFLOW)/;
/** Types of errors about a column, function, table, database or setting: what is quoted is its name. */
const ABOUT_NAMES = /^(NO_SUCH_COLUMN|UNKNOWN_|TABLE_ALREADY_EXISTS)/;

/**
 * A ClickHouseError without values of rows or of the statement: its first sentence without what it quotes, and the
 * row and column where it names them. Any other error is returned as it is.
 */
export function explained(error: unknown): unknown {
  if (!(error instanceof ClickHouseError)) return error;
  const { code } = error;
  // The client takes for the type the first capitals in brackets: in a syntax error, a word of the statement.
  const type = code === '62' ? 'SYNTAX_ERROR' : (error.type ?? '');
  return new ClickHouseError({ code, type, message: withoutData(error.message, type) });
}

function withoutData(message: string, type: string): string {
  const bare = message.replace(/^Code: \d+\. DB::Exception: /, '');
  const row = /\(at row (\d+)\)/.exec(bare)?.[1];
  const column = /(?:value of key |Column \d+,\s+name: )(\w+)/.exec(bare)?.[1];
  const place = [row && `row ${row}`, column && `column ${column}`].filter(Boolean).join(', ');
  return sentence(bare, type) + (place ? ` (${place})` : '');
}

function sentence(message: string, type: string): string {
  if (ABOUT_VALUES.test(type)) return 'A value could not be read as its type';
  if (type === 'SYNTAX_ERROR') return /^Syntax error: failed at position \d+/.exec(message)?.[0] ?? message;
  const first = message.split(DATA_FOLLOWS)[0]!.replace(/[\s:.?]+$/, '');
  return ABOUT_NAMES.test(type) ? first : first.replace(QUOTED, "'…'");
}
