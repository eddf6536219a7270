import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { ADDRESSES, EXPORT, openAviary, PERSON_FORMS, SECRET_FORMS, SECRETS } from './aviary.ts';
import { AS_OF, CALLS, SOURCES } from './canary-calls.ts';
import { crashIn, faultsOf } from './canary-faults.ts';
import { ended } from './crowd.ts';

/** What a text gives away. */
function shown(text: string): string[] {
  return [...SECRET_FORMS, ...PERSON_FORMS].filter((form) => text.includes(form));
}

/** Names what the store has in any column of text, or in a file as it stands, that is or holds a secret. */
async function secretsIn(state: string): Promise<string[]> {
  const engine = await openEngine({ state, idle_seconds: 1 });
  try {
    const columns = await engine.query<{ table: string; name: string }>(
      `SELECT table, name FROM system.columns WHERE database = currentDatabase() AND match(type, 'String')`,
    );
    expect(columns.length).toBeGreaterThan(100);
    const found = await engine.query<{ place: string }>(
      columns
        .map(
          ({ table, name }) =>
            `SELECT '${table}.${name}' AS place FROM ${table} WHERE multiSearchAny(toString(${name}), {forms:Array(String)})`,
        )
        .join(' UNION DISTINCT '),
      { forms: SECRET_FORMS },
    );
    return found.map(({ place }) => place);
  } finally {
    await engine.close();
  }
}

/** The plain files of the state directory: all are searched for secrets, those that are no table for people too. */
async function filesShowing(state: string): Promise<string[]> {
  const entries = await readdir(state, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files).toContain(join(state, 'engine.log'));
  const showing: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'latin1').catch(() => '');
    const table = /engine\/(store|data)\//.test(file) && !/mutation_\d+\.txt$/.test(file);
    const forms = table ? SECRET_FORMS : [...SECRET_FORMS, ...PERSON_FORMS];
    showing.push(...forms.filter((form) => text.includes(form)).map((form) => `${file}: ${form}`));
  }
  return showing;
}

test(
  'no command, no fault of a platform or source, and no crash makes a secret or a person show',
  { timeout: 1_500_000 },
  async () => {
    const shop = await openAviary();
    const state = join(shop.folder, 'state');
    const said: string[] = [];
    const call = async (...args: string[]): Promise<number | null> => {
      const { code, stdout, stderr } = await shop.cli(...args);
      // What a command is told on its own line it may repeat.
      const text = args.reduce((rest, arg) => rest.replaceAll(arg, ''), `${stdout}\n${stderr}`);
      for (const form of shown(text)) said.push(`${args.join(' ')}: ${form}`);
      return code;
    };
    const run = (...more: string[]) => call('run', 'job.yaml', ...AS_OF, ...more);
    const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    await mkdir(join(shop.folder, 'jobs'));
    await shop.write('jobs/crowd.yaml', job.replace('path: orders', 'path: ../orders'));

    expect(await run('--json')).toBe(0);
    expect(shop.state().mailchimp.tags.Lost).toEqual([ADDRESSES[0], ADDRESSES[1]]);
    expect(shop.state().facebook.audiences.Lost!.members).toHaveLength(3);

    // A fault of each platform at a time; a new person each time, so that there is something to send.
    const faults = (['mailchimp', 'klaviyo', 'facebook'] as const).map(faultsOf);
    for (const [index, { title }] of faults[0]!.entries()) {
      const another = `#9${index},bird${index % 4}@aviary.example,paid,EUR,20.00,20.00,2024-05-01 10:00:00 +0000,,,RO\n`;
      await shop.write('orders.csv', `${EXPORT}${another}`);
      for (const [at, platform] of (['mailchimp', 'klaviyo', 'facebook'] as const).entries()) {
        const { title: _, ...fault } = faults[at]![index]!;
        shop.sandbox.fault({ platform, ...(index % 2 ? {} : { method: 'POST' }), ...fault });
      }
      expect([title, await run(...(index % 2 ? ['--json'] : []))]).toEqual([title, expect.toBeOneOf([0, 1])]);
    }
    await shop.write('orders.csv', EXPORT);
    await run();

    const { commands } = await shop.json<{ commands: string }>('docs');
    const all = [...commands.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name!);
    expect(Object.keys(CALLS).toSorted()).toEqual(all.toSorted());
    for (const name of all) {
      const { args, stays } = CALLS[name]!;
      for (const words of args) {
        if (!stays) await call(...words);
        else {
          const child = shop.start(...words);
          await once(child.stdout!, 'data');
          child.kill('SIGTERM');
          const { stdout, stderr } = await ended(child);
          said.push(...shown(stdout + stderr).map((form) => `${name}: ${form}`));
        }
      }
    }

    // Sources that fail, files that are none, and settings that are wrong.
    for (const source of SOURCES) {
      await shop.write('job.yaml', job.replace(/- \{ type: csv, format.*/, `- ${source}`));
      expect([source, await run()]).toEqual([source, expect.toBeOneOf([1, 2])]);
    }
    expect(await call('check', 'job.yaml')).toBeGreaterThan(0);
    await shop.write('job.yaml', job);
    await shop.write('orders.csv', EXPORT.split('\n').slice(1).join('\n'));
    expect(await run()).toBe(2);
    await shop.write('orders.csv', EXPORT);
    await mkdir(join(shop.folder, 'folder-and-no-file'));
    const broken = [
      job
        .replace('act_1', '"${META_ACCESS_TOKEN}"')
        .replace('currency: EUR', 'currency: "${KLAVIYO_API_KEY}"'),
      job.replace('api_key: "${MAILCHIMP_API_KEY}"', 'api_key: "${file:folder-and-no-file}"'),
      `${job}\n  - { type: mailchimp, api_key: ${SECRETS.MAILCHIMP_API_KEY}\n`,
      `${job}\n${SECRETS.KLAVIYO_API_KEY}: ${ADDRESSES[0]}\n`,
    ];
    for (const text of broken) {
      await shop.write('job.yaml', text);
      const { code, stdout, stderr } = await shop.cli('check', 'job.yaml');
      expect(code).toBe(2);
      // A secret or an address written into the job file itself is where everybody sees it.
      const written = text === broken[0] || text === broken[1] ? shown(stdout + stderr) : [];
      said.push(...written.map((form) => `broken job: ${form}`));
    }
    await shop.write('job.yaml', job);

    // An engine that is killed, crashes of the engine and of the program, and an engine that is away.
    const killEngine = async () => {
      const { pid } = JSON.parse(await readFile(join(state, 'engine.json'), 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
    };
    const dies = run();
    await killEngine();
    await dies;
    await killEngine();
    for (const program of ['embedded', 'cli']) {
      await shop.write('crash.mjs', crashIn(program));
      shop.env.NODE_OPTIONS = `--import=${join(shop.folder, 'crash.mjs')}`;
      const { stdout, stderr } = await shop.cli('run', 'job.yaml', ...AS_OF);
      said.push(...shown(stdout + stderr).map((form) => `crash of ${program}: ${form}`));
      if (program === 'cli') expect(stderr).toContain('An unexpected Error');
    }
    delete shop.env.NODE_OPTIONS;
    expect(await readFile(join(state, 'engine.log'), 'utf8')).toContain('An unexpected Error');
    await shop.write(
      'config/settings.yaml',
      'engine: { url: "http://127.0.0.1:9", password: "${ENGINE_PASSWORD}" }\n',
    );
    expect(await call('status', 'job.yaml')).toBe(1);

    expect(said).toEqual([]);
    expect(await filesShowing(state)).toEqual([]);
    expect(await secretsIn(state)).toEqual([]);
  },
);

test(
  'the daemon and the sandbox keep secrets too, and the store is closed to other users',
  { timeout: 400_000 },
  async () => {
    // What the program makes is closed however careless the shell is that it is started from.
    const usual = process.umask(0);
    onTestFinished(() => void process.umask(usual));
    const shop = await openAviary();
    await mkdir(join(shop.folder, 'jobs'));
    await shop.write(
      'jobs/crowd.yaml',
      (await readFile(join(shop.folder, 'job.yaml'), 'utf8')).replace('path: orders', 'path: ../orders'),
    );
    expect((await shop.cli('run', 'crowd', '--jobs', 'jobs', ...AS_OF)).code).toBe(0);
    const daemon = shop.start('start', '--jobs', 'jobs', '--json');
    const sandbox = shop.start('sandbox', '--json');
    await Promise.all([once(daemon.stdout!, 'data'), once(sandbox.stdout!, 'data')]);
    daemon.kill('SIGTERM');
    sandbox.kill('SIGTERM');

    for (const { code, stdout, stderr } of await Promise.all([ended(daemon), ended(sandbox)])) {
      expect(code, stderr).toBe(0);
      expect(shown(stdout + stderr)).toEqual([]);
    }
    const state = join(shop.folder, 'state');
    const open: string[] = [];
    for (const name of ['.', ...(await readdir(state, { recursive: true }))]) {
      const found = await lstat(join(state, name)).catch(() => undefined);
      if (!found || found.isSymbolicLink()) continue;
      const mode = (found.mode & 0o777).toString(8);
      if (mode !== (found.isDirectory() ? '700' : '600')) open.push(`${mode} ${name}`);
    }
    expect(open).toEqual([]);
  },
);
