import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asked } from '../engine/door.ts';
import { openServerStore, type ServerStore } from '../engine/places.ts';
import { live, parsed, type Tree } from './life.ts';

/** What a statement may be, by the name that EXPLAIN AST has for it, and the right that OPERATING.md grants for it. */
const KINDS: Record<string, RegExp> = {
  SelectWithUnionQuery: /\bSELECT\b/,
  DescribeQuery: /\bSELECT\b/,
  InsertQuery: /\bINSERT\b/,
  CreateQuery: /\bCREATE TABLE\b/,
  DropQuery: /\bDROP TABLE\b/,
  TruncateQuery: /\bTRUNCATE\b/,
  // Of which ClickHouse takes DROP PARTITION for a deletion.
  AlterQuery: /\bALTER DELETE, ALTER ADD COLUMN\b/,
};
const ALTERS = /^ALTER TABLE \w+ (DELETE WHERE|DROP PARTITION|ADD COLUMN IF NOT EXISTS) /;

/** Of ClickHouse's own tables everybody may read these; the right to read others is granted. */
const OPEN = ['system.columns', 'system.tables'];

/** No table function may reach out of the server, nor to its disk: rows come with the statement, or from EXPLAIN. */
const TABLE_FUNCTIONS = ['input', 'viewExplain'];

/** Only SQL that a server understands in every version of the last years may be asked of it; the newest function used. */
const NEWEST_FUNCTION = '24.1';

/** How the HTTP protocol carries a statement. */
const CARRIED = ['database', 'default_format', 'query', 'query_id', 'wait_end_of_query'];
/** What statements may set: every server knows these, and none is of the engine process. */
const SETTINGS = [
  'cancel_http_readonly_queries_on_client_close',
  'date_time_input_format',
  'date_time_output_format',
  'http_headers_progress_interval_ms',
  'input_format_skip_unknown_fields',
  'insert_deduplication_token',
  'join_use_nulls',
  'output_format_json_quote_64bit_integers',
  'output_format_json_quote_decimals',
  'send_progress_in_http_headers',
  'session_timezone',
];

describe('every statement of a whole life of a shop', { timeout: 180_000 }, () => {
  let store: ServerStore;
  let asked: readonly Asked[];
  let trees: Map<string, Tree>;
  let closed: (() => Promise<void>) | undefined;
  const grants = readFileSync('config/OPERATING.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('GRANT '))
    .join('\n');
  const used = (part: Exclude<keyof Tree, 'kind'>) =>
    new Set([...trees.values()].flatMap((tree) => tree[part]));

  beforeAll(async () => {
    store = await openServerStore();
    asked = await live(store, (close) => (closed = close));
    trees = await parsed(store, asked);
  }, 900_000);
  afterAll(() => closed?.());

  test('is of a kind that the user is granted', () => {
    expect(trees.size).toBeGreaterThan(300);
    for (const [sql, { kind }] of trees) {
      expect(KINDS, sql).toHaveProperty(kind);
      expect(grants, sql).toMatch(KINDS[kind]!);
      if (kind === 'AlterQuery') expect(sql).toMatch(ALTERS);
    }
  });

  test('reads nothing beside the program’s own tables but what is granted', () => {
    const others = [...used('tables')].filter((name) => name.includes('.'));

    expect(others).toContain('system.parts');
    for (const name of others.filter((name) => !OPEN.includes(name)))
      expect(grants).toContain(`SELECT ON ${name}`);
  });

  test('reaches no file of the server, and nothing beyond it', () => {
    for (const name of used('table_functions')) expect(TABLE_FUNCTIONS).toContain(name);
    expect(used('functions')).not.toContain('file');
    for (const sql of trees.keys()) expect(sql).not.toMatch(/\b(INFILE|OUTFILE)\b/);
  });

  test('asks for functions that servers have had for long', async () => {
    const client = store.door.behind();
    const answer = await client.query({
      query: `SELECT name, introduced_in FROM system.functions WHERE introduced_in != '' AND name IN {names:Array(String)}
        AND arrayMap(x -> toUInt32OrZero(x), splitByChar('.', introduced_in)) > arrayMap(x -> toUInt32OrZero(x), splitByChar('.', {newest:String} || '.99'))`,
      query_params: { names: [...used('functions')], newest: NEWEST_FUNCTION },
      format: 'JSONEachRow',
    });
    const newer = await answer.json();
    await client.close();

    expect(newer).toEqual([]);
  });

  test('sets nothing beside it but what every server knows', () => {
    const names = new Set(asked.flatMap(({ settings }) => [...settings.keys()]));
    const own = [...names].filter((name) => !name.startsWith('param_') && !CARRIED.includes(name));

    expect(own.toSorted()).toEqual(SETTINGS.toSorted());
  });
});
