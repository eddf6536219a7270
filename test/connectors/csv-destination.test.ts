import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { csvDestination } from '../../connectors/csv/destination.ts';
import type { Acknowledgement, Change, Member } from '../../connectors/destination.ts';

const HEADER = 'email,phone,customer,first_name,last_name,city,region,zip,country\r\n';

async function openFolder(path = 'out') {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-out-'));
  const destination = await csvDestination.open(
    { path },
    { folder, signal: new AbortController().signal, backoff_ms: 1, log: () => {} },
  );
  const read = (name: string) => readFile(join(folder, path, name), 'utf8');
  return { folder, destination, read, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const member = (id: number | string): Member => ({
  key: `email:${id}@example.com`,
  customer: `c${id}`,
  email: `${id}@example.com`,
});

function changeOf(
  remote_id: string,
  { wanted = [], add = [], remove = [] }: Record<string, Member[]>,
): Change {
  const give = (members: Member[]) => () =>
    (async function* () {
      yield* members;
    })();
  return {
    audience: { name: remote_id, remote_id },
    counts: { add: add.length, remove: remove.length },
    add: give(add),
    remove: give(remove),
    wanted: give(wanted),
  };
}

const push = (stand: Awaited<ReturnType<typeof openFolder>>, change: Change): Promise<Acknowledgement[]> =>
  Array.fromAsync(stand.destination.push(change));

test('an audience is found after it was created, and its file then holds exactly its members', async () => {
  await using stand = await openFolder();
  const { destination } = stand;

  const before = await destination.find([{ name: 'Top' }]);
  const { remote_id, requests } = await destination.create('Top');
  const after = await destination.find([{ name: 'Top' }, { name: 'Renamed', remote_id }]);
  const empty = await stand.read(remote_id);
  await push(stand, changeOf(remote_id, { wanted: [member(1), member(2)], add: [member(1), member(2)] }));
  await push(stand, changeOf(remote_id, { wanted: [member(2)], remove: [member(1)] }));

  expect(before.size).toBe(0);
  expect({ remote_id, requests, empty }).toEqual({ remote_id: 'Top.csv', requests: 0, empty: HEADER });
  expect(after).toEqual(
    new Map([
      ['Top', { remote_id }],
      ['Renamed', { remote_id }],
    ]),
  );
  expect(await stand.read('Top.csv')).toBe(`${HEADER}2@example.com,,c2,,,,,,\r\n`);
});

test('every member is acknowledged in pages after one write', async () => {
  await using stand = await openFolder();
  const add = Array.from({ length: 12_000 }, (_, id) => member(id));
  const remove = Array.from({ length: 10_001 }, (_, id) => member(`old${id}`));

  const answers = await push(stand, changeOf('Top.csv', { wanted: add, add, remove }));

  expect(answers.map(({ added, removed, requests }) => [added.length, removed.length, requests])).toEqual([
    [10_000, 0, 1],
    [2000, 0, 0],
    [0, 10_000, 0],
    [0, 1, 0],
  ]);
  expect(answers.flatMap(({ added }) => added)[11_999]).toEqual({
    key: 'email:11999@example.com',
    result: 'done',
  });
  expect((await stand.read('Top.csv')).split('\r\n')).toHaveLength(12_002);
  expect(csvDestination.floor({ create: true, add: 12_000, remove: 10_001 })).toBe(1);
  expect(csvDestination.floor({ create: false, add: 0, remove: 0 })).toBe(0);
});

test('cells are quoted, and what a spreadsheet would run is made text', async () => {
  await using stand = await openFolder();
  const wanted = [
    { ...member(1), first_name: '=cmd|"x"!A1', last_name: '@SUM(1)', city: '-1', region: '+1', zip: '\t1' },
    {
      ...member(2),
      phone: '+40740000001',
      first_name: 'Ana "Ani", Maria',
      city: 'Cluj\nNapoca',
      zip: '01234',
    },
  ];

  await push(stand, changeOf('Top.csv', { wanted, add: wanted }));

  expect(await stand.read('Top.csv')).toBe(
    `${HEADER}1@example.com,,c1,"'=cmd|""x""!A1",'@SUM(1),'-1,'+1,'\t1,\r\n` +
      `2@example.com,+40740000001,c2,"Ana ""Ani"", Maria",,"Cluj\nNapoca",,01234,\r\n`,
  );
});

test('files are for their owner only, and nothing else is left in the folder', async () => {
  await using stand = await openFolder();

  await push(stand, changeOf('Top.csv', { wanted: [member(1)], add: [member(1)] }));

  expect((await stat(join(stand.folder, 'out/Top.csv'))).mode & 0o777).toBe(0o600);
  expect(await readdir(join(stand.folder, 'out'))).toEqual(['Top.csv']);
});

test('no audience name leads out of the folder, and different names stay different files', async () => {
  await using stand = await openFolder();
  const names = [
    '../../etc/x',
    '..',
    'A/B',
    'A\\B',
    'A_B',
    'VE: True Champions',
    `${'ä'.repeat(300)}1`,
    `${'ä'.repeat(300)}2`,
  ];

  const files: string[] = [];
  for (const name of names) files.push((await stand.destination.create(name)).remote_id);

  expect(files.slice(4, 6)).toEqual(['A_B.csv', 'VE: True Champions.csv']);
  expect((await readdir(join(stand.folder, 'out'))).toSorted()).toEqual(files.toSorted());
  expect(new Set(files).size).toBe(names.length);
  expect((await stand.destination.find(names.map((name) => ({ name })))).size).toBe(names.length);
});

test('a push that fails half-way leaves the old file as it was', async () => {
  await using stand = await openFolder();
  await push(stand, changeOf('Top.csv', { wanted: [member(1)], add: [member(1)] }));
  const change = changeOf('Top.csv', { add: [member(2)] });
  const broken: Change = {
    ...change,
    async *wanted() {
      for (let id = 0; id < 5000; id += 1) yield member(id);
      throw Object.assign(new Error('the engine went away'), { code: '210' });
    },
  };

  await expect(push(stand, broken)).rejects.toThrow('the engine went away');

  expect(await stand.read('Top.csv')).toBe(`${HEADER}1@example.com,,c1,,,,,,\r\n`);
  expect(await readdir(join(stand.folder, 'out'))).toEqual(['Top.csv']);
});

test('a program killed while it writes leaves the old file whole, and the next push clears up', async () => {
  await using stand = await openFolder();
  await push(stand, changeOf('Top.csv', { wanted: [member(1)], add: [member(1)] }));
  const script = `
    import { csvDestination } from ${JSON.stringify(join(import.meta.dirname, '../../connectors/csv/destination.ts'))};
    const context = { folder: ${JSON.stringify(stand.folder)}, signal: new AbortController().signal, backoff_ms: 1, log() {} };
    const destination = await csvDestination.open({ path: 'out' }, context);
    async function* wanted() {
      for (let id = 0; ; id += 1) {
        if (id === 20_000) process.kill(process.pid, 'SIGKILL');
        yield { key: 'k' + id, customer: 'c' + id, email: id + '@example.com' };
      }
    }
    const none = async function* () {};
    const change = { audience: { name: 'Top', remote_id: 'Top.csv' }, counts: {}, wanted, add: none, remove: none };
    for await (const _ of destination.push(change));`;
  const killed = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });

  const afterwards = await stand.read('Top.csv');
  const left = await readdir(join(stand.folder, 'out'));
  await push(stand, changeOf('Top.csv', { wanted: [member(2)], add: [member(2)] }));

  expect(afterwards).toBe(`${HEADER}1@example.com,,c1,,,,,,\r\n`);
  expect(left).toContain('.Top.csv.part');
  expect(await readdir(join(stand.folder, 'out'))).toEqual(['Top.csv']);
  expect(await stand.read('Top.csv')).toBe(`${HEADER}2@example.com,,c2,,,,,,\r\n`);
});

test('a folder that cannot be written to is named, by check and by push', async () => {
  await using stand = await openFolder('file/out');
  await writeFile(join(stand.folder, 'file'), 'not a folder');

  const refusal = { problem: { code: 'DESTINATION_UNWRITABLE', where: 'file/out' } };

  await expect(stand.destination.check()).rejects.toMatchObject(refusal);
  await expect(stand.destination.create('Top')).rejects.toMatchObject(refusal);
  await expect(push(stand, changeOf('Top.csv', {}))).rejects.toMatchObject(refusal);
});

test('check is content with a folder that is there and with one that can be made, and makes none', async () => {
  await using stand = await openFolder('a/b/out');

  const facts = await stand.destination.check();
  const made = await readdir(stand.folder);
  await mkdir(join(stand.folder, 'a/b/out'), { recursive: true });

  expect(facts).toEqual(['a/b/out can be written to']);
  expect(made).toEqual([]);
  expect(await stand.destination.check()).toEqual(facts);
});
