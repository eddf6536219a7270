import { ClickHouseError, parseError } from '@clickhouse/client';
import { SyncError } from '../../connectors/error.ts';

const CUT_OFF = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOENT',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);
const NEVER_ARRIVED = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);

/** Whether the connection to the engine failed, as opposed to an answer that says no. */
export function isCutOff(error: unknown): boolean {
  return CUT_OFF.has(codeOf(error));
}

/** Whether the engine cannot have seen the request. */
export function neverArrived(error: unknown): boolean {
  return NEVER_ARRIVED.has(codeOf(error));
}

/** Whether what was to be stored could not be split into rows or cells. */
export function isUnsplit(error: unknown): boolean {
  return error instanceof ClickHouseError && /^(CANNOT_(PARSE|READ)|INCORRECT_DATA)/.test(error.type ?? '');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function cutOff(settings: { state: string } | { url: string }): SyncError {
  const local = 'state' in settings;
  return new SyncError(
    {
      code: 'ENGINE_LOST',
      where: local ? settings.state : new URL(settings.url).host,
      what: local ? 'The engine process ended during a statement.' : 'The ClickHouse server does not answer.',
      fix: local
        ? 'It is started again by the next call; engine.log in that directory may say why.'
        : 'Check the address and that the server runs.',
    },
    { retry: 'now' },
  );
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
