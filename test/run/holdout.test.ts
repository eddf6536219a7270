import { expect, test } from 'vitest';
import type { Customer, Page } from '../../connectors/index.ts';
import { JobFileError } from '../../src/job/problems.ts';
import { keys, openActiveShop } from './active-shop.ts';
import { openPlatform } from './platform.ts';
import { sipHash } from './sip-hash.ts';
import { aBuyer, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const names = (count: number) => Array.from({ length: count }, (_, index) => `buyer${index}`);
const SEGMENT = 'lifecycle.active';
const HALF = [{ type: 'platform', audiences: [{ segment: SEGMENT, holdout: 0.5 }] }];

/** Buyers as one page, as sources yield many. */
function crowd(people: readonly string[], customer: (index: number) => Partial<Customer> = () => ({})): Page {
  const pages = people.map((name, index) => aBuyer(name, {}, customer(index)));
  return {
    orders: pages.flatMap(({ orders = [] }) => orders),
    customers: pages.flatMap(({ customers = [] }) => customers),
  };
}

/** Those of the people whom the definition holds out of a segment, worked out without the program. */
function heldOut(job: string, people: readonly string[], share: number, segment = SEGMENT): string[] {
  return keys(people).filter((key) => Number(sipHash(`${job}\n${segment}\n${key}`)) / 2 ** 64 < share);
}

test('SipHash of the reference in these tests is that of its authors', () => {
  // Of the empty text under the key of zeros, from the vectors that many implementations share.
  expect(sipHash('').toString(16)).toBe('1e924b9d737700d7');
});

test('the held-out customers of a segment are sent nowhere, the others everywhere', async () => {
  const [one, two] = [openPlatform({ type: 'one' }), openPlatform({ type: 'two' })];
  const people = names(60);
  const { shop } = openActiveShop(stage, {
    name: 'everywhere',
    connectors: { one: one.definition, two: two.definition },
    destinations: [
      { type: 'one', audiences: [{ segment: SEGMENT, holdout: 0.5 }] },
      { type: 'two', audiences: [{ segment: 'lifecycle.*' }, { segment: SEGMENT, audience: 'Again' }] },
    ],
  });
  shop.holds(crowd(people));

  const { audiences } = await shop.run(AS_OF);

  const out = heldOut('everywhere', people, 0.5);
  const sent = keys(people)
    .filter((key) => !out.includes(key))
    .toSorted();
  expect(out.length).toBeGreaterThan(15);
  expect([one.members('Active'), two.members('Active'), two.members('Again')]).toEqual([sent, sent, sent]);
  for (const audience of audiences.filter(({ segment }) => segment === SEGMENT)) {
    expect(audience).toMatchObject({
      customers: 60,
      wanted: sent.length,
      held_out: out.length,
      added: sent.length,
    });
  }
});

test('the same customers are held out run after run, and a larger share keeps them out too', async () => {
  const people = names(200);
  const { shop, platform } = openActiveShop(stage, { name: 'steady', destinations: HALF });
  const withShare = (holdout: number) =>
    shop.change({ destinations: [{ type: 'platform', audiences: [{ segment: SEGMENT, holdout }] }] });
  shop.holds(crowd(people));
  const runs: string[][] = [];
  for (const share of [0.1, 0.1, 0.3]) {
    withShare(share);
    await shop.run(AS_OF);
    const members = platform.members('Active');
    runs.push(keys(people).filter((key) => !members.includes(key)));
  }

  expect(runs[1]).toEqual(runs[0]);
  expect(runs[2]).toEqual(expect.arrayContaining(runs[0]!));
  expect(runs.map(String)).toEqual([0.1, 0.1, 0.3].map((share) => String(heldOut('steady', people, share))));
  shop.change({ destinations: [{ type: 'platform', audiences: [{ segment: SEGMENT }] }] });
  expect((await shop.run(AS_OF)).audiences).toMatchObject([{ wanted: 200, held_out: 0 }]);
  expect(platform.members('Active')).toHaveLength(200);
});

test.for([0.1, 0.5])('of 4,000 customers about a share of %s is held out', async (share) => {
  const people = names(4000);
  const { shop } = openActiveShop(stage, {
    name: `share-${String(share).replace('.', '-')}`,
    destinations: [{ type: 'platform', audiences: [{ segment: SEGMENT, holdout: share }] }],
  });
  shop.holds(crowd(people));

  const { audiences } = await shop.run(AS_OF, { send: false });

  // Five standard deviations of a binomial count.
  const spread = 5 * Math.sqrt(4000 * share * (1 - share));
  expect(Math.abs(audiences[0]!.held_out - 4000 * share)).toBeLessThan(spread);
  expect(audiences[0]!.held_out + audiences[0]!.wanted).toBe(4000);
});

test('jobs and segments draw lots of their own', () => {
  const people = names(400);
  const lots = [
    heldOut('one', people, 0.5),
    heldOut('two', people, 0.5),
    heldOut('one', people, 0.5, 'lifecycle.top'),
  ].map((out) => new Set(out));
  for (const [a, b] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    const both = [...lots[a]!].filter((key) => lots[b]!.has(key)).length;
    // Independent lots share a quarter of 400.
    expect(Math.abs(both - 100)).toBeLessThan(45);
  }
});

test('who has no consent or no identifier is counted as such, and never as held out', async () => {
  const { shop, platform } = openActiveShop(stage, {
    name: 'consenting',
    destinations: [{ ...HALF[0]!, consent: 'required' }],
  });
  const people = names(40);
  shop.holds(crowd(people, (index) => ({ email_consent: index % 2 ? 'yes' : 'no' })));

  const { audiences } = await shop.run(AS_OF);

  const asked = people.filter((_, index) => index % 2);
  const out = heldOut('consenting', asked, 0.5);
  expect(audiences).toMatchObject([
    { customers: 40, without_consent: 20, held_out: out.length, wanted: 20 - out.length },
  ]);
  expect(platform.members('Active')).toHaveLength(20 - out.length);
});

test('a phone that stands for a held-out customer and another one is held out', async () => {
  const { shop, platform } = openActiveShop(
    stage,
    { name: 'family', destinations: HALF },
    { identifiers: ['phone'] },
  );
  const people = names(20);
  const phone = '+40722000111';
  shop.holds(crowd(people, () => ({ phone })));

  const { audiences } = await shop.run(AS_OF);

  expect(heldOut('family', people, 0.5).length).toBeGreaterThan(0);
  expect(audiences).toMatchObject([{ customers: 20, wanted: 0, held_out: 1, to_add: 0 }]);
  expect(platform.members('Active')).toEqual([]);
});

test('two shares for one segment are refused with the place of both', () => {
  const { shop } = openActiveShop(stage);
  const change = () =>
    shop.change({
      destinations: [
        { type: 'platform', audiences: [{ segment: 'lifecycle.*', holdout: 0.1 }] },
        { type: 'platform', account: 'b', audiences: [{ segment: SEGMENT, holdout: 0.2 }] },
      ],
    });

  expect(change).toThrow(JobFileError);
  expect(change).toThrow(
    /shop\.yaml:1.*The holdout of lifecycle\.active is 0\.2 here and 0\.1 at destinations\[0\]/,
  );
});
