import { expect, test } from 'vitest';
import { FACT, LEDGER, NO_LONGER_THERE, PARKED_CHANGES } from '../../src/ledger/ledger.ts';
import { mergeFacts } from '../../src/ledger/merge.ts';
import { platformIds } from '../../src/ledger/platform-ids.ts';
import { PROPERTIES } from '../../src/ledger/properties.ts';
import { REFUSED } from '../../src/ledger/refusals.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();
const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-01T00:00:00Z');
const BEFORE = NOW - 100 * DAY_MS;
const MEMBERS = Array.from({ length: 900 }, (_, index) => `email:${index}@example.com`);
let jobs = 0;

/** The same numbers each time, from 0 up to `below`. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Two audiences and the properties of a job, with facts of two years in some hundred batches, each of random members. */
async function randomFacts(seed: number) {
  const roll = dice(seed);
  const account = { job: `shop-${++jobs}`, destination: 'platform', account: 'main' };
  const ledger: object[] = [];
  const properties: object[] = [];
  for (let day = 730; day > 0; day -= 1 + roll(6)) {
    const at = { run_id: `run-${String(1000 - day)}`, seq: NOW - day * DAY_MS };
    for (let count = roll(40); count > 0; count -= 1) {
      const member = MEMBERS[roll(MEMBERS.length)]!;
      const kind = roll(10);
      const refused = { result: 'refused', reason: 'not wanted', permanent: kind === 8 };
      const outcome =
        kind >= 7 ? refused : { result: 'done', platform_id: kind < 2 ? `id-${roll(1000)}` : '' };
      const same = { ...account, ...at, member, ...outcome };
      if (roll(3) === 0) properties.push({ ...same, hashes: kind < 7 ? { color: String(roll(100)) } : {} });
      else {
        const lost =
          kind === 6 ? { op: 'remove', reason: NO_LONGER_THERE } : { op: roll(2) ? 'add' : 'remove' };
        const told = { value: String(roll(100)), texts_hash: String(roll(100)) };
        ledger.push({ ...same, remote_id: `list-${roll(2)}`, ...lost, ...(lost.op === 'add' ? told : {}) });
      }
    }
  }
  await stage.engine.insert('ledger', ledger);
  await stage.engine.insert('properties', properties);
  return { account, facts: ledger.length + properties.length };
}

/** Everything that a plan is made of, where the job is to know: of members in an audience, and of those refused. */
async function known(account: object) {
  const params = {
    ...account,
    people: 'main',
    telling: 'properties of main',
    properties: ['CLV'],
    now_ms: NOW,
    remote_ids: ['list-0', 'list-1'],
  };
  const held = `SELECT member FROM (${LEDGER}) WHERE held`;
  const ask = (sql: string) => stage.engine.query(`SELECT * FROM (${sql}) ORDER BY ALL`, params);
  return {
    held: await ask(`SELECT remote_id, member FROM (${LEDGER}) WHERE held`),
    told: await ask(`SELECT remote_id, member, argMax((value, texts_hash), ${FACT}) AS told FROM ledger
      WHERE job = {job:String} AND result = 'done' GROUP BY remote_id, member HAVING max(${FACT}) % 2 = 1`),
    parked: await ask(PARKED_CHANGES),
    refused: await ask(REFUSED),
    properties: await ask(
      `SELECT member, mapSort(known) AS known, parked FROM (${PROPERTIES}) WHERE member IN (${held})`,
    ),
    ids: await ask(platformIds(held)),
  };
}

/** How many old facts there are of each member of an audience, and of their properties. */
async function factsEach(account: object): Promise<number> {
  const old = 'job = {job:String} AND seq <= {before:UInt64}';
  const [row] = await stage.engine.query<{ each: number }>(
    `SELECT count() / uniqExact(place, member) AS each
     FROM (SELECT remote_id AS place, member FROM ledger WHERE ${old}
           UNION ALL SELECT 'properties', member FROM properties WHERE ${old})`,
    { ...account, before: BEFORE },
  );
  return row!.each;
}

test('what decides the plans is the same after old facts were merged, and fewer are left', async () => {
  const { account, facts } = await randomFacts(1);
  const before = await known(account);
  for (const [what, rows] of Object.entries(before)) expect(rows.length, what).toBeGreaterThan(0);

  const all = await factsEach(account);

  const lost = await mergeFacts(stage.engine, BEFORE);

  expect(await known(account)).toEqual(before);
  expect(all).toBeGreaterThan(2);
  expect(lost.ledger! + lost.properties!).toBeGreaterThan(facts / 6);
  expect(await factsEach(account)).toBeLessThan(1.5);
  expect(await mergeFacts(stage.engine, BEFORE)).toEqual({ ledger: 0, properties: 0 });
});

test('a merge that stops in the midst of any of its deletions leaves the same plans, and others end it', async () => {
  const { account } = await randomFacts(2);
  const before = await known(account);
  const tables: string[] = [];
  // As a mutation that has gone through some of a table's parts only.
  const stops = async (sql: string, params?: object) => {
    tables.push(/ALTER TABLE (\w+)/.exec(sql)![1]!);
    const most = `sipHash64(member, seq, ${tables.length}) % 4 > 0`;
    await stage.engine.command(sql.replace(/WHERE (.*) SETTINGS/s, `WHERE ($1) AND ${most} SETTINGS`), {
      ...params,
    });
    expect(await known(account)).toEqual(before);
    throw new Error('killed');
  };
  const merge = () => mergeFacts({ ...stage.engine, command: stops }, BEFORE).then(() => 'ended', String);

  for (let ended = await merge(); ended !== 'ended'; ended = await merge())
    expect(ended).toBe('Error: killed');

  expect(new Set(tables)).toEqual(new Set(['properties', 'ledger']));
  expect(await known(account)).toEqual(before);
  expect(await factsEach(account)).toBeLessThan(1.5);
});

test('nothing is left of somebody who left every audience long ago, and all of who left lately', async () => {
  const account = { job: `shop-${++jobs}`, destination: 'platform', account: 'main' };
  const fact = (member: string, day: number, op: string) => ({
    ...account,
    remote_id: 'list',
    member,
    op,
    result: 'done',
    run_id: 'run',
    seq: NOW - day * DAY_MS,
    platform_id: 'id',
  });
  const stays = [fact('email:stays', 700, 'add'), fact('email:back', 90, 'add')];
  await stage.engine.insert('ledger', [
    ...stays,
    fact('email:gone', 700, 'add'),
    fact('email:gone', 500, 'remove'),
    fact('email:late', 700, 'add'),
    fact('email:late', 90, 'remove'),
    fact('email:back', 700, 'add'),
    fact('email:back', 95, 'remove'),
  ]);
  await stage.engine.insert('properties', [
    {
      ...account,
      member: 'email:gone',
      hashes: { color: '1' },
      result: 'done',
      run_id: 'run',
      seq: NOW - 600 * DAY_MS,
    },
  ]);

  await mergeFacts(stage.engine, BEFORE);

  const rows = await stage.engine.query<{ member: string; days: number }>(
    `SELECT member, toUInt32(({now:UInt64} - seq) / 86400000) AS days FROM (SELECT job, member, seq FROM ledger
       UNION ALL SELECT job, member, seq FROM properties) WHERE job = {job:String} ORDER BY member, days`,
    { ...account, now: NOW },
  );
  expect(rows.map(({ member, days }) => `${member} ${days}`)).toEqual([
    'email:back 90',
    'email:back 95',
    'email:late 90',
    'email:stays 700',
  ]);
});
