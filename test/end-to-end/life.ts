import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { RetentionSettings } from '../../src/job/retention-settings.ts';
import { parseJob } from '../../src/job/load.ts';
import { newRun } from '../../src/run/new-run.ts';
import { profile } from '../../src/run/profile.ts';
import { tidy } from '../../src/run/tidy.ts';
import type { Asked } from '../engine/door.ts';
import type { ServerStore } from '../engine/places.ts';
import { openShop } from './shop.ts';

/** A statement, by the names in its tree. */
export type Tree = { kind: string; functions: string[]; tables: string[]; table_functions: string[] };

/**
 * Everything that a shop asks of its store: the sample shop, with all models and rules.
 * @param atEnd takes what closes the shop
 */
export async function live(
  server: ServerStore,
  atEnd: (close: () => Promise<void>) => void,
): Promise<Asked[]> {
  const env = {
    MAILCHIMP_API_KEY: 'sandbox-us1',
    KLAVIYO_API_KEY: 'sandbox',
    META_ACCESS_TOKEN: 'sandbox',
  };
  const shop = await openShop({ server, env, atEnd });
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
  const file = join(shop.folder, 'job.yaml');
  const large = parseJob(await readFile(file, 'utf8'), {
    file,
    env: { ...env, SANDBOX_URL: 'http://127.0.0.1' },
  });
  const { signal } = new AbortController();
  const log = () => {};
  // As of a shop so large that it keeps histories, on two days.
  for (const as_of of ['2026-11-15', '2026-11-16']) {
    const run = await newRun(engine, large, { as_of, signal, cut: signal, log });
    await profile(run, { many_orders: 0, few_nodes: 1 });
  }
  const now = Date.parse('2032-01-01');
  const retention = RetentionSettings.parse({ orders: '3650d', events: '365d' });
  await tidy(engine, retention, {
    state: shop.folder,
    now,
    signal,
    log,
  });
  await engine.close();
  expect(failed).toEqual([expect.stringMatching(/^run job.yaml --as-of 2026-06-30: 1 /)]);
  return server.door.asked;
}
/** What the engine's own parser makes of each statement. */
export async function parsed(server: ServerStore, asked: readonly Asked[]): Promise<Map<string, Tree>> {
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
