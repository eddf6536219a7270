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
  /\n|[:,.]? \(?(?:while|in scope|in file|at row|data for|before:)|[:.] (?:note|maybe you meant):? /i;
const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
/** BAD_QUERY_PARAMETER: shows the value without quotes. */
const BAD_PARAMETER = '457';
/** No such column, function, identifier, table, database, setting; table exists: what is quoted is a name. */
const ABOUT_NAMES = new Set(['16', '46', '47', '57', '60', '81', '115']);

/**
 * A ClickHouseError without values of rows or of the statement: its first sentence without what it quotes, and the
 * row and column where it names them. Any other error is returned as it is.
 */
export function explained(error: unknown): unknown {
  if (!(error instanceof ClickHouseError)) return error;
  const { code, type = '' } = error;
  return new ClickHouseError({ code, type, message: withoutData(error.message, code) });
}

function withoutData(message: string, code: string): string {
  if (code === BAD_PARAMETER) return `A parameter's value does not fit its type.`;
  const bare = message.replace(/^Code: \d+\. DB::Exception: /, '');
  const sentence = bare.replace(/^(Syntax error: failed at position \d+).*$/s, '$1').split(DATA_FOLLOWS)[0]!;
  const row = /\(at row (\d+)\)/.exec(bare)?.[1];
  const column = /(?:value of key |Column \d+,\s+name: )(\w+)/.exec(bare)?.[1];
  const place = [row && `row ${row}`, column && `column ${column}`].filter(Boolean).join(', ');
  const bareSentence = ABOUT_NAMES.has(code) ? sentence : sentence.replace(QUOTED, "'…'");
  return bareSentence.replace(/[\s:.?]+$/, '') + (place ? ` (${place})` : '');
}
