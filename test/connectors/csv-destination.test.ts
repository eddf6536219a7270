import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvDestination } from '../../connectors/csv/destination.ts';
import type { Acknowledgement, Change, Member } from '../../connectors/destination.ts';

const COLUMNS = ['email', 'phone', 'name', 'city', 'clv'];
const HEADER = 'email,phone,name,city,clv\r\n';

async function openFolder({ path = 'out', bom = false, columns = COLUMNS } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-out-'));
  const destination = await csvDestination.open(
    { path, bom },
    { folder, columns, signal: new AbortController().signal, backoff_ms: 1, log: () => {} },
  );
  const read = (name: string) => readFile(join(folder, path, name), 'utf8');
  return { folder, destination, read, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

function member(id: number | string, properties: Member['properties'] = {}): Member {
  const email = `${id}@example.com`;
  return { key: `email:${email}`, customer: `c${id}`, email, properties: { email, ...properties } };
}

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
  expect(await stand.read('Top.csv')).toBe(`${HEADER}2@example.com,,,,\r\n`);
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

test('cells are quoted, what is unknown is blank, and what a spreadsheet would run is made text', async () => {
  await using stand = await openFolder();
  const phone = '+40740000001';
  const wanted = [
    member(1, { name: '=cmd|"x"!A1', city: '@SUM(1)', clv: -12.5, phone: null }),
    { ...member(2, { name: 'Ana "Ani", Maria', city: 'Cluj\nNapoca', phone, clv: 0 }), phone },
    member(3, { name: phone, city: '-1', phone: '01234', clv: 1e21 }),
  ];

  await push(stand, changeOf('Top.csv', { wanted, add: wanted }));

  expect(await stand.read('Top.csv')).toBe(
    `${HEADER}1@example.com,,"'=cmd|""x""!A1",'@SUM(1),-12.5\r\n` +
      `2@example.com,+40740000001,"Ana ""Ani"", Maria","Cluj\nNapoca",0\r\n` +
      `3@example.com,01234,'+40740000001,'-1,1e+21\r\n`,
  );
});

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n",;\'＝＋－＠ aä\uFEFF') }),
);
// A file that begins with the mark has it, whoever put it there.
const heading = anything.filter((name) => !name.startsWith('\uFEFF'));
const value = fc.oneof(
  anything,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/;

test('whatever a customer or a heading is called comes back whole, and no text begins as a formula', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(heading, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(value, { minLength: 4, maxLength: 4 }), { maxLength: 5 }),
      fc.boolean(),
      async (columns, rows, bom) => {
        await using stand = await openFolder({ columns, bom });
        const wanted = rows.map((values, id) => ({
          ...member(id),
          properties: Object.fromEntries(columns.map((column, index) => [column, values[index]!])),
        }));

        await push(stand, changeOf('All.csv', { wanted, add: wanted }));

        const written = await stand.read('All.csv');
        expect(written.startsWith('\uFEFF')).toBe(bom);
        const cells = parse(written, { bom, relax_column_count: false, skip_empty_lines: false });
        const given = [columns, ...rows.map((values) => columns.map((_, index) => values[index]!))];
        expect(cells).toEqual(
          given.map((line) =>
            line.map((one) => {
              const text = one === null ? '' : String(one);
              return typeof one === 'string' && FORMULA_START.test(text) ? `'${text}` : text;
            }),
          ),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('a file begins with the byte order mark where it is asked for, also before it has members', async () => {
  await using stand = await openFolder({ bom: true });

  const { remote_id } = await stand.destination.create('Top');
  const empty = await stand.read(remote_id);
  await push(stand, changeOf(remote_id, { wanted: [member(1)], add: [member(1)] }));

  expect(empty).toBe(`\uFEFF${HEADER}`);
  expect(await stand.read(remote_id)).toBe(`\uFEFF${HEADER}1@example.com,,,,\r\n`);
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

  expect(await stand.read('Top.csv')).toBe(`${HEADER}1@example.com,,,,\r\n`);
  expect(await readdir(join(stand.folder, 'out'))).toEqual(['Top.csv']);
});

test('a program killed while it writes leaves the old file whole, and the next push clears up', async () => {
  await using stand = await openFolder();
  await push(stand, changeOf('Top.csv', { wanted: [member(1)], add: [member(1)] }));
  const script = `
    import { csvDestination } from ${JSON.stringify(join(import.meta.dirname, '../../connectors/csv/destination.ts'))};
    const context = { columns: ${JSON.stringify(COLUMNS)}, folder: ${JSON.stringify(stand.folder)}, signal: new AbortController().signal, backoff_ms: 1, log() {} };
    const destination = await csvDestination.open({ path: 'out', bom: false }, context);
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

  expect(afterwards).toBe(`${HEADER}1@example.com,,,,\r\n`);
  expect(left).toContain('.Top.csv.part');
  expect(await readdir(join(stand.folder, 'out'))).toEqual(['Top.csv']);
  expect(await stand.read('Top.csv')).toBe(`${HEADER}2@example.com,,,,\r\n`);
});

test('a folder that cannot be written to is named, by check and by push', async () => {
  await using stand = await openFolder({ path: 'file/out' });
  await writeFile(join(stand.folder, 'file'), 'not a folder');

  const refusal = { problem: { code: 'DESTINATION_UNWRITABLE', where: 'file/out' } };

  await expect(stand.destination.check()).rejects.toMatchObject(refusal);
  await expect(stand.destination.create('Top')).rejects.toMatchObject(refusal);
  await expect(push(stand, changeOf('Top.csv', {}))).rejects.toMatchObject(refusal);
});

test('check is content with a folder that is there and with one that can be made, and makes none', async () => {
  await using stand = await openFolder({ path: 'a/b/out' });

  const facts = await stand.destination.check();
  const made = await readdir(stand.folder);
  await mkdir(join(stand.folder, 'a/b/out'), { recursive: true });

  expect(facts).toEqual(['a/b/out can be written to']);
  expect(made).toEqual([]);
  expect(await stand.destination.check()).toEqual(facts);
});
