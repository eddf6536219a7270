import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

/** Lints one file of a tree that holds nothing else, so that only the rules on its imports can speak. */
function lint(file: string, imported: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `export { thing } from '${imported}';\n`);
  try {
    return execFileSync(resolve('node_modules/.bin/oxlint'), [], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test.each([
  ['connectors/mailchimp/destination.ts', '../../src/run/run.ts'],
  ['connectors/mailchimp/destination.ts', '../klaviyo/api.ts'],
  ['connectors/mailchimp/destination.ts', '../index.ts'],
  ['connectors/records.ts', '../src/run/run.ts'],
  ['connectors/csv/pull.ts', 'chdb'],
  ['connectors/csv/pull.ts', '@clickhouse/client'],
  ['src/run/push.ts', '../../connectors/mailchimp/destination.ts'],
  ['src/run/push.ts', '../commands/run.ts'],
  ['src/run/push.ts', '../daemon/daemon.ts'],
  ['src/run/push.ts', 'chdb'],
  ['src/models/lifecycle.ts', '../run/run.ts'],
  ['src/ledger/ledger.ts', '../run/run.ts'],
  ['src/report/verdict.ts', '../run/run.ts'],
  ['src/job/load.ts', '../run/run.ts'],
  ['src/daemon/daemon.ts', '../commands/run.ts'],
  ['src/run/push.ts', '../web/layout.ts'],
  ['src/daemon/daemon.ts', '../web/server.ts'],
  ['src/web/app.ts', '../commands/run.ts'],
  ['src/web/pages/jobs.ts', '../../commands/run.ts'],
  ['src/engine/engine.ts', '../run/run.ts'],
  ['src/engine/engine.ts', '../../connectors/index.ts'],
  ['src/commands/run.ts', '../cli.ts'],
  ['src/commands/run.ts', '../../connectors/csv/schema.ts'],
])('%s may not import %s', (file, imported) => {
  expect(lint(file, imported)).toContain('no-restricted-imports');
});

test.each([
  ['connectors/mailchimp/destination.ts', '../error.ts'],
  ['connectors/mailchimp/destination.ts', '@mailchimp/mailchimp_marketing/src/ApiClient.js'],
  ['src/run/push.ts', '../../connectors/index.ts'],
  ['src/run/push.ts', '../ledger/ledger.ts'],
  ['src/engine/engine.ts', '../../connectors/error.ts'],
  ['src/engine/embedded.ts', 'chdb'],
  ['src/commands/run.ts', '../run/run.ts'],
  ['src/web/app.ts', '../daemon/daemon.ts'],
  ['src/commands/start.ts', '../web/server.ts'],
])('%s may import %s', (file, imported) => {
  expect(lint(file, imported)).not.toContain('no-restricted-imports');
});
