import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { RetentionSettings } from '../../src/job/retention-settings.ts';
import { tidy } from '../../src/run/tidy.ts';
import type { Asked } from '../engine/door.ts';
import { openServerStore, type ServerStore } from '../engine/places.ts';
import { openShop } from './shop.ts';

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

type Tree = { kind: string; functions: string[]; tables: string[]; table_functions: string[] };

describe('every statement of a whole life of a shop', { timeout: 60_000 }, () => {
  let store: ServerStore;
  let asked: readonly Asked[];
  let trees: Map<string, Tree>;
  const grants = readFileSync('config/OPERATING.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('GRANT '))
    .join('\n');
  const used = (part: Exclude<keyof Tree, 'kind'>) =>
    new Set([...trees.values()].flatMap((tree) => tree[part]));

  beforeAll(async () => {
    store = await openServerStore();
    asked = await live(store);
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

/** Everything that a shop asks of its store: the sample shop, with all models and rules. */
async function live(server: ServerStore): Promise<Asked[]> {
  const env = {
    MAILCHIMP_API_KEY: 'sandbox-us1',
    KLAVIYO_API_KEY: 'sandbox',
    META_ACCESS_TOKEN: 'sandbox',
  };
  const shop = await openShop({ server, env, atEnd: (close) => void (closed = close) });
  const sample = await readFile('config/jobs/demo.yaml', 'utf8');
  const job = (guard: string) =>
    sample
      .replaceAll('../sample/', `${resolve('config/sample')}/`)
      .replace('../../out/demo/', 'out/')
      .replace('custom:', 'custom:\n    - { name: big, sql: big.sql }')
      .replaceAll('lifecycle.*', 'lifecycle.*, holdout: 0.1')
      // The imitation lets fifteen be counted a minute.
      .replace(/.*best_by_category.\*.*\n/, '')
      .replace('type: klaviyo', 'type: klaviyo\n    properties: [lifecycle, orders]')
      .replace('type: facebook', 'type: facebook\n    replace: when_cheaper')
      .concat(`guard: ${guard}\n`);
  const [email] = (await readFile('config/sample/accounts.csv', 'utf8')).split('\n')[1]!.split(',');
  await shop.write(
    'big.sql',
    `-- Who bought shoes.\nSELECT customer FROM customer_purchases WHERE lower(category) = 'shoes'`,
  );
  await shop.write('job.yaml', job('{ max_removed_share: 1, max_added_share: 1000, max_new_customers: 1 }'));
  const failed: string[] = [];
  const does = async (...args: string[]) => {
    const { code, stderr } = await shop.cli(...args, '--jobs', '.');
    if (code !== 0) failed.push(`${args.join(' ')}: ${code} ${stderr}`);
  };
  await does('check', 'job.yaml');
  await does('plan', 'job.yaml', '--as-of', '2026-09-30');
  await does('run', 'job.yaml', '--as-of', '2026-09-30');
  await does('run', 'job.yaml', '--as-of', '2026-11-15', '--full', '--reconcile');
  await does('status', 'job.yaml');
  await does('segments', 'job.yaml', '--flows', '--moves', '--playbook', '--backfill', '2');
  await does('segments', 'job.yaml', '--lift');
  await does('explain', 'job.yaml', email!);
  await does('export', 'job.yaml', '--out', 'all.csv');
  await does('report', 'job.yaml', '--out', 'report.html');
  await does('backtest', 'job.yaml');
  await shop.write('job.yaml', job('{ max_removed_share: 0, max_added_share: 0, from_members: 1 }'));
  await does('run', 'job.yaml', '--as-of', '2026-06-30');
  await does('export', 'job.yaml', '--held', '--out', 'held.csv');
  await does('approve', 'job.yaml');
  await does('erase', email!);
  const engine = await openEngine(server.settings);
  await createTables(engine);
  const now = Date.parse('2032-01-01');
  const retention = RetentionSettings.parse({ orders: '3650d', events: '365d' });
  await tidy(engine, retention, {
    state: shop.folder,
    now,
    signal: new AbortController().signal,
    log: () => {},
  });
  await engine.close();
  expect(failed).toEqual([expect.stringMatching(/^run job.yaml --as-of 2026-06-30: 1 /)]);
  return server.door.asked;
}
let closed: (() => Promise<void>) | undefined;

async function parsed(server: ServerStore, asked: readonly Asked[]): Promise<Map<string, Tree>> {
  const client = server.door.behind(server.settings.database);
  const trees = new Map<string, Tree>();
  for (const { sql } of asked) {
    if (trees.has(sql)) continue;
    const query = `EXPLAIN AST ${sql.replaceAll(/\{\w+:[A-Z][^}]*\}/g, "'x'")}`;
    const { stream } = await client.exec({ query });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    trees.set(sql, treeOf(text));
  }
  await client.close();
  return trees;
}

function treeOf(text: string): Tree {
  const named = (word: string) =>
    [...text.matchAll(new RegExp(`\\b${word} ([\\w.]+)`, 'g'))].map(([, name]) => name!);
  return {
    kind: /^\w+/.exec(text)![0],
    functions: named('Function'),
    tables: named('TableIdentifier'),
    table_functions: [...text.matchAll(/TableExpression[^\n]*\n\s*Function (\w+)/g)].map(([, name]) => name!),
  };
}
