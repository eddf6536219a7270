import { describe, expect, test } from 'vitest';
import type { Member, Outcome } from '../../connectors/destination.ts';
import { klaviyo } from '../../connectors/klaviyo/schema.ts';
import { members, openAccount } from './klaviyo-account.ts';

type Account = Awaited<ReturnType<typeof openAccount>>;

const IMPORTS = /^\/profile-bulk-import-jobs$/;
const LOOK_UPS = /^\/profiles$/;
const MEMBERS = /^\/lists\/[^/]+\/relationships\/profiles$/;

/** The members as the ledger hands them out after these outcomes. */
function remembering(people: readonly Member[], outcomes: readonly Outcome[]): Member[] {
  const ids = new Map(
    outcomes.map((outcome) => [outcome.key, 'remote_id' in outcome ? outcome.remote_id : undefined]),
  );
  return people.map((member) => ({ ...member, remote_id: ids.get(member.key) }));
}

/** Puts people on a list and takes them off, after which their ids are known. */
async function known(account: Account, people: readonly Member[]): Promise<Member[]> {
  const list = await account.list('Before');
  await account.push(list, { add: [...people] });
  const { removed } = await account.push(list, { remove: [...people] });
  return remembering(people, removed);
}

describe('10,000 joiners and 1,000 leavers', () => {
  test('are 2 writing requests, and 10 look-ups for leavers whose ids nobody knows', async () => {
    const account = await openAccount();
    const list = await account.list('Top');
    const [joiners, leavers] = [
      members(10_000),
      members(1_000, (index) => ({ ...person(`leaver${index}`) })),
    ];
    await account.push(list, { add: leavers });
    const [writes, lookUps] = [account.writes().length, account.sent('GET', LOOK_UPS).length];

    const result = await account.push(list, { add: joiners, remove: leavers });

    expect(account.writes().length - writes).toBe(2);
    expect(result.requests).toBe(klaviyo.floor({ create: false, add: 10_000, remove: 1_000 }));
    expect(account.sent('GET', LOOK_UPS).length - lookUps).toBe(10);
    expect(account.people('Top')).toHaveLength(10_000);
  });

  test('take no look-up at all where the ids are known', async () => {
    const account = await openAccount();
    const leavers = await known(
      account,
      members(1_000, (index) => ({ ...person(`leaver${index}`) })),
    );
    const list = await account.list('Top');
    await account.push(list, { add: leavers });
    const [writes, lookUps] = [account.writes().length, account.sent('GET', LOOK_UPS).length];

    const result = await account.push(list, { add: members(10_000), remove: leavers });

    expect(account.writes().length - writes).toBe(2);
    expect(account.sent('GET', LOOK_UPS).length - lookUps).toBe(0);
    expect(result.removed).toEqual(leavers.map(({ key, remote_id }) => ({ key, result: 'done', remote_id })));
    expect(account.people('Top')).toHaveLength(10_000);
  });
});

test('a thousand people with known ids are put on a list at once, without a job', async () => {
  const account = await openAccount();
  const people = await known(account, members(1_000));
  const list = await account.list('Top');
  const jobs = account.sent('GET', /import-jobs/).length;

  const result = await account.push(list, { add: people });

  expect(result.requests).toBe(1);
  expect(account.sent('POST', MEMBERS)).toHaveLength(1);
  expect(account.sent('GET', /import-jobs/)).toHaveLength(jobs);
  expect(result.added).toEqual(people.map(({ key, remote_id }) => ({ key, result: 'done', remote_id })));
  expect(account.people('Top')).toHaveLength(1_000);
});

test('one person without an id brings all of them into one import, as does one too many', async () => {
  const account = await openAccount();
  const people = await known(account, members(1_001));
  const [one, other] = [await account.list('One'), await account.list('Other')];

  const first = await account.push(one, { add: people });
  const second = await account.push(other, { add: [...people.slice(0, 10), person('new')] });

  expect([first.requests, second.requests]).toEqual([1, 1]);
  expect(account.sent('POST', MEMBERS)).toEqual([]);
  expect(account.sent('POST', IMPORTS)).toHaveLength(3);
});

describe('an id that is out of date', () => {
  /** Klaviyo deletes profiles and merges them under other ids; whoever comes again has a new one. */
  async function reborn(account: Account, people: readonly Member[], list: string): Promise<void> {
    for (const { remote_id: id } of people) {
      const profile = { data: { type: 'profile', id, attributes: {} } };
      await account.elsewhere('POST', '/data-privacy-deletion-jobs', {
        data: { type: 'data-privacy-deletion-job', attributes: { profile } },
      });
    }
    const data = people.map(({ email }) => ({ type: 'profile', attributes: { email } }));
    const job = (await account.elsewhere('POST', '/profile-bulk-import-jobs', {
      data: {
        type: 'profile-bulk-import-job',
        attributes: { profiles: { data } },
        relationships: { lists: { data: [{ type: 'list', id: list }] } },
      },
    })) as unknown as { data: { id: string } };
    for (let look = 0; look < 2; look += 1) {
      await account.elsewhere('GET', `/profile-bulk-import-jobs/${job.data.id}`);
    }
  }

  test('does not keep anybody on a list', async () => {
    const account = await openAccount();
    const people = await known(account, members(250));
    const list = await account.list('Top');
    await account.push(list, { add: people });
    await reborn(account, people.slice(0, 3), list.remote_id);
    expect(account.people('Top')).toHaveLength(250);
    const writes = account.writes().length;

    const result = await account.push(list, { remove: people });

    expect(account.people('Top')).toEqual([]);
    expect(result.removed.map(({ result: end }) => end)).toEqual(people.map(() => 'done'));
    expect(account.writes().length - writes).toBe(2);
    const [first] = result.removed as { remote_id?: string }[];
    expect(first?.remote_id).not.toBe(people[0]?.remote_id);
  });

  test('keeps nobody off a list', async () => {
    const account = await openAccount();
    const people = await known(account, members(5));
    const list = await account.list('Top');
    await reborn(account, people.slice(0, 1), (await account.list('Elsewhere')).remote_id);

    const result = await account.push(list, { add: people });

    expect(result.added).toMatchObject(people.map(({ key }) => ({ key, result: 'done' })));
    expect(account.people('Top')).toHaveLength(5);
    expect(result.requests).toBe(2);
  });

  test('of somebody who is gone for good is no matter when they are to leave', async () => {
    const account = await openAccount();
    const people = await known(account, members(3));
    const list = await account.list('Top');
    await account.push(list, { add: people });
    const profile = { data: { type: 'profile', id: people[1]?.remote_id, attributes: {} } };
    await account.elsewhere('POST', '/data-privacy-deletion-jobs', {
      data: { type: 'data-privacy-deletion-job', attributes: { profile } },
    });

    const result = await account.push(list, { remove: people });

    expect(result.removed.map(({ result: end }) => end)).toEqual(['done', 'done', 'done']);
    expect(account.people('Top')).toEqual([]);
  });
});

describe('several batches at a time', () => {
  const changing = (people: Member[]) => ({ add: people.slice(0, 25_000), remove: people.slice(25_000) });

  test('end as one by one, in as many requests', async () => {
    const account = await openAccount();
    const list = await account.list('Top');
    const people = members(27_500);
    await account.push(list, { add: people.slice(25_000) });

    const result = await account.push(list, { ...changing(people), stop: new AbortController().signal });

    expect(result.requests).toBe(6);
    expect([...result.added, ...result.removed].every(({ result: end }) => end === 'done')).toBe(true);
    expect(account.people('Top')).toHaveLength(25_000);
  });

  test('are all acknowledged after a wish to stop, and no other is begun', async () => {
    const account = await openAccount();
    const list = await account.list('Top');
    const stop = new AbortController();
    const people = members(40);
    const heavy = people.map((member) => ({ ...member, city: 'x'.repeat(90_000) }));
    let fetched = 0;
    async function* counted() {
      for (let round = 0; ; round += 1) {
        for (const member of heavy) {
          fetched += 1;
          if (fetched > 5 * 55) stop.abort();
          yield { ...member, key: `email:r${round}-${member.email}`, email: `r${round}-${member.email}` };
        }
      }
    }
    const change = { audience: list, counts: { add: 1e9, remove: 0 }, stop: stop.signal };
    const added: Outcome[] = [];
    for await (const acknowledgement of account.destination.push({
      ...change,
      add: counted,
      remove: counted,
      wanted: counted,
    })) {
      added.push(...acknowledgement.added);
    }

    expect(added.length).toBeGreaterThan(5 * 50);
    expect(account.people('Top')).toHaveLength(added.length);
    expect(account.sent('DELETE', /./)).toEqual([]);
  });
});

function person(name: string): Member {
  return { key: `email:${name}@shop.example`, customer: name, email: `${name}@shop.example` };
}
