/** Whose quoting and comments a statement is written in. */
export type Dialect = 'postgres' | 'mysql' | 'clickhouse';

/** A statement that only reads. */
export type Statement = {
  /** Its text, cut at each `{since}`; without a semicolon at its end. */
  parts: string[];
  /** The column that the whole result is ordered by first, from the least on; `QUOTED` where it is in quotes. */
  ordered_by?: string;
  /** Whether the result ends after so many rows. */
  is_limited: boolean;
};

/** Stands for whatever is in quotes. */
export const QUOTED = '?';

/** The word in a query that stands for where the pull begins. */
const SINCE = '{since}';

const OPAQUE: Record<Dialect, RegExp> = {
  postgres:
    /(?<comment>--[^\n]*)|(?<quoted>[eE]'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>(?:[A-Za-z_]\w*)?)\$[^]*?\$\k<tag>\$)/y,
  mysql:
    /(?<comment>--(?=\s|$)[^\n]*|#[^\n]*|\/\*(?!M?!)[^]*?\*\/)|(?<quoted>'(?:[^'\\]|''|\\[^])*'|"(?:[^"\\]|""|\\[^])*"|`(?:[^`]|``)*`)/y,
  clickhouse:
    /(?<comment>--[^\n]*|#[ !][^\n]*|\/\*[^]*?\*\/)|(?<quoted>'(?:[^'\\]|''|\\[^])*'|"(?:[^"\\]|""|\\[^])*"|`(?:[^`\\]|``|\\[^])*`|\$(?<tag>\w*)\$[^]*?\$\k<tag>\$)/y,
};

/**
 * Reads the text of a query: quotes and comments are kept apart from what is code, so that `{since}` is found where a
 * value can be bound, and nowhere else.
 * @returns the statement, or why it cannot be one, as the end of a sentence that begins with the setting
 */
export function readStatement(sql: string, dialect: Dialect): Statement | { problem: string } {
  const parts = [''];
  let code = '';
  let end: number | undefined;
  for (let at = 0; at < sql.length;) {
    const { length, kind } = tokenAt(sql, at, dialect);
    const text = sql.slice(at, at + length);
    at += length;
    if (kind === 'open') return { problem: `opens ${text} and never closes it` };
    if (kind === 'quoted' && text.includes(SINCE))
      return { problem: 'has {since} in quotes; it stands for a whole value, so leave the quotes out' };
    if (kind === 'code' && text === ';') end = parts.at(-1)!.length;
    if (kind === 'since') parts.push('');
    else parts[parts.length - 1] += text;
    code += kind === 'code' ? text : kind === 'comment' ? ' ' : QUOTED;
  }
  const statement = code.replace(/;\s*$/, '');
  const problem = problemOf(statement, dialect);
  if (problem) return { problem };
  const last = parts.pop()!;
  return { parts: [...parts, last.slice(0, end)], ...endOf(statement) };
}

type Token = { length: number; kind: 'code' | 'comment' | 'quoted' | 'since' | 'open' };

function tokenAt(sql: string, at: number, dialect: Dialect): Token {
  if (sql.startsWith(SINCE, at)) return { length: SINCE.length, kind: 'since' };
  // An `e` or a dollar at the end of a name opens no quotes.
  const inName = at > 0 && /[\w$]/.test(sql[at - 1]!) && /[eE$]/.test(sql[at]!);
  const opaque = OPAQUE[dialect];
  opaque.lastIndex = at;
  const found = inName ? null : opaque.exec(sql);
  if (found) return { length: found[0].length, kind: found.groups!.comment ? 'comment' : 'quoted' };
  if (dialect === 'postgres' && sql.startsWith('/*', at)) return nestedComment(sql, at);
  if (sql.startsWith('/*', at))
    return { length: 2, kind: sql[at + 2] === '!' || sql[at + 2] === 'M' ? 'code' : 'open' };
  const quotes = dialect === 'postgres' ? /['"]/ : /['"`]/;
  return { length: 1, kind: quotes.test(sql[at]!) ? 'open' : 'code' };
}

/** PostgreSQL's comments hold comments. */
function nestedComment(sql: string, from: number): Token {
  let depth = 0;
  for (const mark of sql.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return { length: mark.index + 2, kind: 'comment' };
  }
  return { length: 2, kind: 'open' };
}

function problemOf(code: string, dialect: Dialect): string | undefined {
  if (code.trim() === '') return 'is empty';
  if (code.includes(';')) return 'holds more than one statement; give one SELECT';
  if (!/^[\s(]*(SELECT|WITH)\b/i.test(code)) return 'must begin with SELECT or WITH: it may only read';
  if (dialect === 'clickhouse' && /\bFORMAT\s+\w+\s*$/i.test(code))
    return 'must not name a FORMAT: how rows travel is not its business';
  if (dialect === 'clickhouse' && /\bSETTINGS\b/i.test(code))
    return 'must not have SETTINGS, which could lift what keeps it to reading; a column of that name goes in backticks';
  if (/\bINTO\b/i.test(code)) return 'must not have INTO: it may only read';
  if (/\bFOR\s+(NO\s+KEY\s+|KEY\s+)?(UPDATE|SHARE)\b|\bLOCK\s+IN\s+SHARE\b/i.test(code))
    return 'must not lock rows: leave out FOR UPDATE and the like';
  if (/\/\*M?!/.test(code)) return 'must not have comments that the server executes (/*! … */)';
  return undefined;
}

/** What stands behind the last bracket that closes: what is said of the whole result. */
function endOf(code: string): Pick<Statement, 'ordered_by' | 'is_limited'> {
  // Innermost brackets first, until none is left.
  let outer = code;
  for (let before = ''; before !== outer;) {
    before = outer;
    outer = outer.replace(/\([^()]*\)/g, '#');
  }
  const [, order] = /\bORDER\s+BY\s+([^,]*?)\s*(?:,|$|\bLIMIT\b|\bOFFSET\b|\bFETCH\b)/i.exec(outer) ?? [];
  const [, ordered_by] =
    /(?:^|\.\s*)([\w$]+|\?)(?:\s+ASC)?(?:\s+NULLS\s+(?:FIRST|LAST))?$/i.exec(order ?? '') ?? [];
  // LIMIT … BY (ClickHouse) is so many rows of each key.
  const limit = /\b(LIMIT\b(?!\s+\d+(\s+OFFSET\s+\d+)?\s+BY\b)|FETCH\b)/i;
  return { ordered_by, is_limited: limit.test(outer) };
}

/** @returns the query with each `{since}` replaced by an expression, told by its number from 0 */
export function withSince({ parts }: Statement, expression: (index: number) => string): string {
  return parts.map((part, index) => (index === 0 ? part : expression(index - 1) + part)).join('');
}
