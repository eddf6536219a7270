import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import { openShop } from '../end-to-end/shop.ts';

type Finding = { subject: string; facts: string[]; problem: Problem | null };
type Advisory = { severity: string; vulnerable_versions: string };

async function installed(name: string): Promise<string> {
  const text = await readFile(join('node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A registry that knows these advisories, and of each of their packages a later version without them. */
async function openRegistry(advisories: Record<string, Advisory>) {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage): Promise<object | undefined> => {
    const path = decodeURIComponent(request.url ?? '');
    if (path === '/-/npm/v1/security/advisories/bulk') {
      const body = await buffer(request);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      asked.push(...Object.keys(JSON.parse(text.toString()) as object));
      const told = Object.entries(advisories).map(([name, advisory], index) => [
        name,
        [{ id: index + 1, url: 'https://advisories.example/1', title: 'A weakness', ...advisory }],
      ]);
      return Object.fromEntries(told) as object;
    }
    const name = path.slice(1);
    if (!(name in advisories)) return undefined;
    const version = (one: string) => [
      one,
      { name, version: one, dist: { tarball: `http://127.0.0.1/${one}.tgz` } },
    ];
    return {
      name,
      'dist-tags': { latest: '999.0.0' },
      versions: Object.fromEntries([await installed(name), '999.0.0'].map(version)) as object,
    };
  };
  const server = createServer((request, response) => {
    void answer(request).then((body) =>
      response
        .writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
        .end(JSON.stringify(body ?? {})),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function audited(registry: string, more: Record<string, string> = {}) {
  const cache = await mkdtemp(join(tmpdir(), 'npm-cache-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  const env = {
    npm_config_registry: registry,
    npm_config_cache: cache,
    npm_config_fetch_retries: '0',
    ...more,
  };
  const shop = await openShop({ env });
  const { code, stdout } = await shop.cli('check', '--audit', '--json');
  const finding = (JSON.parse(stdout) as Finding[]).find(({ subject }) => subject === 'dependencies')!;
  return { code, finding, said: shop.said() };
}

test('the packages that the program runs with are asked after, those for its development are not', async () => {
  const registry = await openRegistry({});

  const { code, finding } = await audited(registry.url);

  expect(finding).toMatchObject({
    status: 'ok',
    facts: [expect.stringContaining('nothing is known')],
    problem: null,
  });
  expect(code).toBe(0);
  expect(registry.asked).toEqual(expect.arrayContaining(['chdb', 'zod', 'commander']));
  expect(registry.asked).not.toContain('vitest');
});

test('grave weaknesses are a problem, the worst first, with what cures them', async () => {
  const registry = await openRegistry({
    yaml: { severity: 'low', vulnerable_versions: '*' },
    commander: { severity: 'critical', vulnerable_versions: '<999.0.0' },
  });

  const { code, finding } = await audited(registry.url);

  expect(code).toBe(1);
  expect(finding.problem).toMatchObject({
    code: 'DEPENDENCIES_VULNERABLE',
    why: expect.stringMatching(/^critical: commander .*; low: yaml/),
    fix: expect.stringContaining('npm install --save-exact commander@999.0.0'),
  });
});

test('light weaknesses are told and no problem', async () => {
  const registry = await openRegistry({ yaml: { severity: 'moderate', vulnerable_versions: '*' } });

  const { code, finding } = await audited(registry.url);

  expect(finding).toMatchObject({ facts: [expect.stringMatching(/^moderate: yaml/)], problem: null });
  expect(code).toBe(0);
});

test('a registry that does not answer, or no npm, is said plainly, and no registry is named', async () => {
  const away = await audited('http://127.0.0.1:9/');
  const empty = await mkdtemp(join(tmpdir(), 'no-npm-'));
  await mkdir(join(empty, 'bin'));
  onTestFinished(() => rm(empty, { recursive: true, force: true }));
  const without = await audited('http://127.0.0.1:9/', { PATH: join(empty, 'bin') });

  expect([away.code, without.code]).toEqual([1, 1]);
  expect(away.finding.problem).toMatchObject({
    code: 'AUDIT_NOT_POSSIBLE',
    why: expect.stringContaining('ECONNREFUSED'),
  });
  expect(without.finding.problem).toMatchObject({ code: 'AUDIT_NOT_POSSIBLE', why: 'There is no npm here.' });
  expect(away.said).not.toContain('127.0.0.1:9');
});
