import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { buildContext } from './docker/build-context.ts';
import { execForm, readDockerfile } from './docker/dockerfile.ts';
import { tryBuild, type Image } from './docker/try-build.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const stages = readDockerfile(join(ROOT, 'Dockerfile'));
const final = stages.at(-1)!;
const [, ...entry] = execForm(final, 'ENTRYPOINT');

/** Style sheet, script and icon of the page. */
const ASSETS = 'src/web/assets/';

describe('what may get into an image', () => {
  const files = buildContext(ROOT);

  test('sources and configuration do', () => {
    expect(files).toContain('package-lock.json');
    expect(files).toContain('config/jobs/demo.yaml');
    expect(files).toContain('config/sample/orders_export_1.csv');
    expect(files).toContain('connectors/index.ts');
  });

  test('installed packages, history, state, secrets, tests and the sample generator do not', () => {
    const kept = files.filter((file) =>
      /^(node_modules|\.git|\.segment-sync|out|dist|test|\.env)(\/|$)/.test(file),
    );

    expect(kept).toEqual([]);
    expect(files.filter((file) => file.startsWith('config/sample/') && file.endsWith('.ts'))).toEqual([]);
    expect(files.filter((file) => !file.includes('/')).toSorted()).toEqual([
      '.npmrc',
      'LICENSE',
      'package-lock.json',
      'package.json',
      'tsconfig.build.json',
      'tsconfig.json',
    ]);
  });
});

describe('the image as the Dockerfile describes it', () => {
  test('the engine finds the C library it needs, and the program is not root', () => {
    for (const stage of stages) expect(stage.instructions[0]!.text).toMatch(/^node:24-slim\b/);
    expect(final.instructions.findLast(({ word }) => word === 'USER')?.text).toBe('node');
  });

  test('every command keeps its state on the volume', () => {
    const volume = final.instructions.find(({ word }) => word === 'VOLUME')?.text;

    expect(volume).toBe('/var/lib/segment-sync');
    expect(final.instructions.find(({ word }) => word === 'ENV')?.text).toContain(
      `SEGMENT_SYNC_STATE=${volume}`,
    );
  });

  test('the build copies all the program needs: beside TypeScript there are only notes and what the page is made of', () => {
    const others = buildContext(ROOT).filter(
      (file) => /^(src|connectors)\//.test(file) && !file.endsWith('.ts') && !file.endsWith('.md'),
    );

    expect(others.length).toBeGreaterThan(0);
    expect(others.filter((file) => !file.startsWith(ASSETS))).toEqual([]);
  });
});

describe('the image as its steps make it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'segment-sync-image-'));
  let image: Image;

  beforeAll(async () => {
    image = await tryBuild(stages, { root: ROOT, files: buildContext(ROOT) }, folder);
  }, 170_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('only the step that makes the writable folders was left to a real container', () => {
    expect(image.skipped).toHaveLength(1);
    expect(image.skipped[0]).toContain('/var/lib/segment-sync');
  });

  test('it holds plain JavaScript and production packages only', () => {
    const app = join(image.root, image.workdir);

    expect(readdirSync(app).toSorted()).toEqual([
      'LICENSE',
      'config',
      'dist',
      'node_modules',
      'package.json',
    ]);
    expect(existsSync(join(app, 'node_modules/chdb'))).toBe(true);
    for (const name of ['typescript', 'vitest', 'node']) {
      expect(existsSync(join(app, 'node_modules', name)), name).toBe(false);
    }
    expect(readdirSync(join(app, 'dist', ASSETS))).toEqual(readdirSync(join(ROOT, ASSETS)));
    const sources = readdirSync(join(app, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(sources.filter((file) => file.endsWith('.ts'))).toEqual([]);
  });

  test('`docker run IMAGE --help` says which commands there are', async () => {
    const { stdout } = await inContainer('--help');

    expect(stdout).toContain('segment-sync');
    expect(stdout).toMatch(/\bstart\b/);
  });

  test('`docker run IMAGE run any-csv` needs nothing but what is in the image', async () => {
    const { stdout } = await inContainer('run', 'any-csv', '--as-of', '2026-11-15', '--json');

    expect(JSON.parse(stdout)).toMatchObject({ job: 'any-csv', status: 'done' });
  });

  test("the daemon is healthy by the image's own health check, and leaves when it is told to", async () => {
    const jobs = join(image.root, image.workdir, 'config/own');
    const job = readFileSync(join(ROOT, 'config/jobs/any-csv.yaml'), 'utf8');
    mkdirSync(jobs);
    writeFileSync(join(jobs, 'any-csv.yaml'), `${job}schedule: '0 5 * * *'\n`);
    const port = String(await freePort());
    const here = (text: string) => text.replace('8080', port);
    const daemon = start(execForm(final, 'CMD').map(here), { SEGMENT_SYNC_JOBS: jobs });
    onTestFinished(() => void daemon.kill('SIGKILL'));
    const [, ...probe] = execForm(final, 'HEALTHCHECK').map(here);

    const healthy = async () => {
      expect(daemon.exitCode).toBeNull();
      await run(process.execPath, probe);
    };

    await vi.waitFor(healthy, { timeout: 30_000, interval: 200 });
    daemon.kill('SIGTERM');
    expect(await once(daemon, 'exit')).toEqual([0, null]);
    await expect(run(process.execPath, probe)).rejects.toMatchObject({ code: 1 });
  });

  function inContainer(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(process.execPath, [...entry, ...args], {
      cwd: join(image.root, image.workdir),
      env: environment(),
    });
  }

  function start(args: string[], more: Record<string, string>): ChildProcess {
    const options = { cwd: join(image.root, image.workdir), env: { ...environment(), ...more } };
    return spawn(process.execPath, [...entry, ...args], { ...options, stdio: 'ignore' });
  }

  /** Nothing of this machine's but a place for state, which stands for the volume. */
  function environment(): Record<string, string> {
    return { ...image.env, SEGMENT_SYNC_STATE: join(folder, 'state'), HOME: folder, PATH: '/usr/bin:/bin' };
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
