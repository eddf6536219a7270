import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExplainedAudience, Explanation } from '../../src/report/explain.ts';
import type { LiftReport } from '../../src/report/lift.ts';
import { sipHash } from '../run/sip-hash.ts';
import { EARLIER, LATER, membershipOn, openCrowd, sha256, held } from './crowd.ts';
import { jobText, openShop, REFERENCE, type Shop } from './shop.ts';

const EXPORT = join(REFERENCE, 'shopify-export', 'orders_export.csv');
const SAMPLE = 'config/sample/orders_export*.csv';

/** Whether the definition holds somebody known by their e-mail address alone out of a segment. */
function isHeldOut(job: string, segment: string, email: string, share: number): boolean {
  return Number(sipHash(`${job}\n${segment}\nemail:${email}`)) / 2 ** 64 < share;
}

test(
  'held-out customers never arrive at any platform, run after run, and segments --lift compares them',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['mailchimp', 'facebook', 'csv'], {
      segment: 'lifecycle.*, holdout: 0.2',
    });
    const segments = { Top: 'top', Active: 'active', 'At risk': 'at_risk', Lost: 'lost' } as const;

    for (const day of [EARLIER, '2026-03-31', LATER]) {
      const report = await shop.json('run', 'job.yaml', '--as-of', day);

      expect(report, day).toMatchObject({ status: 'done', error: null });
      const holds = await held(shop);
      for (const [label, people] of Object.entries(membershipOn(day)) as [
        keyof typeof segments,
        string[],
      ][]) {
        const sent = people.filter(
          (email) => !isHeldOut('crowd', `lifecycle.${segments[label]}`, email, 0.2),
        );
        expect(holds.mailchimp[label] ?? [], `${day} ${label}`).toEqual(sent);
        expect(holds.csv[label] ?? [], `${day} ${label}`).toEqual(sent);
        expect(holds.facebook[label] ?? [], `${day} ${label}`).toEqual(sent.map(sha256).toSorted());
        for (const audience of report.audiences.filter(({ audience }) => audience === label)) {
          expect(audience.held_out).toBe(people.length - sent.length);
          expect(audience.wanted).toBe(sent.length);
        }
      }
    }

    const lift = await shop.json<LiftReport>('segments', 'job.yaml', '--lift');

    expect(lift).toMatchObject({ job: 'crowd', as_of: LATER, currency: 'EUR' });
    expect(lift.segments.map(({ segment }) => segment)).toEqual(
      Object.values(segments).map((segment) => `lifecycle.${segment}`),
    );
    const lost = lift.segments.find(({ segment }) => segment === 'lifecycle.lost')!;
    expect(lost.since).toBe(EARLIER);
    // One in twenty of the crowd comes back between the two days.
    expect(lost.treated!.buyers).toBeGreaterThan(10);
    const { value, low, high } = lost.difference!.repeat_rate;
    expect(value).toBeCloseTo(lost.treated!.repeat_rate - lost.held_out!.repeat_rate, 10);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
    const { code, stdout } = await shop.cli('segments', 'job.yaml', '--lift');
    expect(code).toBe(0);
    expect(stdout).toContain(`lifecycle.lost: 20.0 % held out since ${EARLIER}`);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);

    // A file is written whole where somebody is erased; nobody gets into it by that.
    const before = (await held(shop)).csv.Lost!;
    const erased = await shop.cli('erase', before[0]!, '--jobs', shop.folder);
    expect(erased.code, erased.stderr).toBe(0);
    expect((await held(shop)).csv.Lost).toEqual(before.slice(1));
  },
);

test('explain in words and as JSON, without the address in the log, and errors that say what to do', async () => {
  const shop = await openCrowd(['csv']);
  const early = await shop.cli('explain', 'job.yaml', 'buyer0@example.com');
  expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('has not run yet') as string });
  await shop.json('run', 'job.yaml', '--as-of', EARLIER);

  const { code, stdout, stderr } = await shop.cli('explain', 'job.yaml', 'buyer0@example.com');
  const told = await shop.json<Explanation>('explain', 'job.yaml', 'buyer0@example.com');

  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('buyer0');
  for (const part of [
    'Orders',
    'Numbers',
    'Segments',
    'History',
    'Audiences',
    'lifecycle.lost',
    'placed after',
  ])
    expect(stdout).toContain(part);
  expect(stdout).toContain('latest order: 35 days above the limit of at_risk');
  expect(told.segments).toMatchObject([{ segment: 'lifecycle.lost', label: 'Lost', holds: true }]);
  expect(told.audiences).toMatchObject([{ destination: 'csv', audience: 'Lost', wanted: 'yes', held: true }]);

  for (const args of [[], ['a@example.com', '--id', '1'], ['nobody@example.com'], ['--id', '77']]) {
    const wrong = await shop.cli('explain', 'job.yaml', ...args);
    expect(wrong.code, args.join(' ')).toBe(2);
    expect(wrong.stderr).toContain('ARGUMENT_WRONG');
    expect(wrong.stderr).not.toContain('@example.com');
  }
  const none = await shop.cli('segments', 'job.yaml', '--lift');
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('holdout: 0.1') as string });
});

test('a wrong holdout is an error with its line', async () => {
  const shop = await openCrowd(['mailchimp', 'csv']);
  const job = (first: string, second: string) =>
    shop.write(
      'job.yaml',
      [
        'name: crowd',
        'currency: EUR',
        'sources: [{ type: csv, format: shopify, path: orders.csv }]',
        'destinations:',
        '  - type: csv',
        '    path: out',
        `    audiences: [{ segment: lifecycle.*, holdout: ${first} }]`,
        '  - type: csv',
        '    path: out-2',
        `    audiences: [{ segment: lifecycle.top, holdout: ${second} }]`,
        '',
      ].join('\n'),
    );
  for (const [first, second, place, says] of [
    ['0.1', '0.2', 'job.yaml:10', 'holdout of lifecycle.top'],
    ['0.1', '0.9', 'job.yaml:10', '0.5'],
    ['-0.1', '0.1', 'job.yaml:7', '0'],
    ['"a tenth"', '0.1', 'job.yaml:7', 'number'],
  ] as const) {
    await job(first, second);
    const { code, stderr } = await shop.cli('plan', 'job.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain(place);
    expect(stderr).toContain(says);
  }
});

test('segments by category are held out, explained, compared, and left right by an erasure', async () => {
  const shop = await openShop();
  const people = Array.from({ length: 60 }, (_, index) => ({
    email: `buyer${index}@example.com`,
    category: index % 2 ? 'Shoes' : 'Hats',
  }));
  const orders = people.map(({ email }, index) => `${index},${email},2026-03-01,20`);
  const lines = people.map(({ category }, index) => `${index},Thing,${category},1,20`);
  await shop.write('orders.csv', ['id,mail,day,sum', ...orders, ''].join('\n'));
  await shop.write('lines.csv', ['id,title,category,pieces,sum', ...lines, ''].join('\n'));
  await shop.write(
    'job.yaml',
    `name: taste
currency: EUR
sources:
  - { type: csv, path: orders.csv, columns: { order_id: id, email: mail, ordered_at: day, goods: sum } }
  - { type: csv, records: lines, path: lines.csv, columns: { order_id: id, title: title, category: category, quantity: pieces, net: sum } }
segments:
  lifecycle: { model: recency, top_share: 0 }
  custom: [{ name: liking, per_category: { of: lifecycle.active, at_least: 1 } }]
destinations:
  - { type: csv, path: out, audiences: [{ segment: custom.liking.*, holdout: 0.3 }] }
`,
  );
  const segmentOf = (category: string) => `custom.liking.${category.toLowerCase()}`;
  const sent = (category: string) =>
    people
      .filter((one) => one.category === category)
      .map(({ email }) => email)
      .filter((email) => !isHeldOut('taste', segmentOf(category), email, 0.3))
      .toSorted();
  for (const day of ['2026-03-15', '2026-03-31']) await shop.json('run', 'job.yaml', '--as-of', day);

  expect((await held(shop)).csv).toMatchObject({ Shoes: sent('Shoes'), Hats: sent('Hats') });
  expect(sent('Shoes').length).toBeLessThan(30);
  const out = people.find(({ email, category }) => isHeldOut('taste', segmentOf(category), email, 0.3))!;
  const told = await shop.json<Explanation>('explain', 'job.yaml', out.email);
  expect(told.audiences).toMatchObject([{ audience: out.category, wanted: 'held out', held: false }]);
  const lift = await shop.json<LiftReport>('segments', 'job.yaml', '--lift');
  expect(lift.segments.find(({ segment }) => segment === 'custom.liking.shoes')).toMatchObject({
    since: '2026-03-15',
    treated: { customers: sent('Shoes').length, days: 16 },
    held_out: { customers: 30 - sent('Shoes').length },
  });

  const [gone, ...others] = sent('Shoes');
  const erased = await shop.cli('erase', gone!, '--jobs', shop.folder);
  expect(erased.code, erased.stderr).toBe(0);
  expect((await held(shop)).csv).toMatchObject({ Shoes: others, Hats: sent('Hats') });
});

/** Two runs of a shop with a tenth held out, and everything that must hold of them. */
async function heldOutTwice(shop: Shop, days: readonly [string, string]): Promise<LiftReport> {
  for (const day of days) {
    const report = await shop.json('run', 'job.yaml', '--as-of', day);
    expect(report, JSON.stringify(report.error)).toMatchObject({ status: 'done', error: null });
    const mine = report.audiences.filter(({ segment }) => segment.startsWith('lifecycle.'));
    for (const { customers, wanted, held_out, without_consent, unreachable } of mine)
      expect(wanted + held_out + without_consent + unreachable).toBe(customers);
    const [out, all] = [mine.map((one) => one.held_out), mine.map((one) => one.wanted + one.held_out)].map(
      (counts) => counts.reduce((sum, count) => sum + count, 0),
    );
    // Five standard deviations of a binomial count.
    expect(Math.abs(out! - all! * 0.1)).toBeLessThan(5 * Math.sqrt(all! * 0.09));
  }
  const lift = await shop.json<LiftReport>('segments', 'job.yaml', '--lift');
  expect(lift).toMatchObject({ as_of: days[1] });
  expect(lift.segments).toHaveLength(4);
  for (const { treated, held_out, difference } of lift.segments) {
    if (!treated || !held_out) continue;
    for (const { low, value, high } of [difference!.repeat_rate, difference!.purchases]) {
      expect(low === null || low <= value).toBe(true);
      expect(high === null || high >= value).toBe(true);
    }
  }
  const observed = lift.segments.reduce((sum, { treated }) => sum + (treated?.customers ?? 0), 0);
  expect(observed).toBeGreaterThan(100);
  return lift;
}

function withHoldout(text: string): string {
  return text.replaceAll('segment: lifecycle.*', 'segment: lifecycle.*, holdout: 0.1');
}

/** Whoever the shop explains is told the same of by the platforms. */
async function expectExplained(shop: Shop, email: string): Promise<Explanation> {
  const told = await shop.json<Explanation>('explain', 'job.yaml', email);
  expect(told, JSON.stringify(told)).toHaveProperty('audiences');
  const lists = shop.state().klaviyo.lists;
  const lifecycle = told.audiences.filter(
    ({ destination, segment }) => destination === 'klaviyo' && segment?.startsWith('lifecycle.'),
  );
  for (const { audience, held } of lifecycle)
    expect(lists[audience]?.includes(email) ?? false, audience).toBe(held);
  const wanted = (state: ExplainedAudience['wanted']) =>
    lifecycle.filter((one) => one.wanted === state).length;
  expect(wanted('yes') + wanted('held out') + wanted('without consent')).toBe(1);
  expect(told.orders.filter(({ counts }) => counts)).toHaveLength(
    Number(told.numbers.find(({ field }) => field === 'orders')!.value),
  );
  const valued = told.orders.reduce((sum, { value }) => sum + Math.round(Number(value) * 1e4), 0);
  expect(valued).toBe(Math.round(Number(told.numbers.find(({ field }) => field === 'revenue')!.value) * 1e4));
  for (const { reason } of told.segments) expect(reason!.thresholds.length).toBeGreaterThan(0);
  return told;
}

test('on the sample shop', { timeout: 400_000 }, async () => {
  const shop = await openShop();
  const path = join(process.cwd(), SAMPLE);
  await shop.write(
    'job.yaml',
    withHoldout(jobText(path, { currency: 'EUR', lines: 'exchange_rates: { RON: 0.2 }' })),
  );

  await heldOutTwice(shop, ['2026-08-31', '2026-10-31']);

  const [list] = Object.values(shop.state().klaviyo.lists);
  for (const email of list!.filter((member) => member.includes('@')).slice(0, 3)) {
    const told = await expectExplained(shop, email);
    expect(told.history.length).toBeGreaterThan(0);
    expect(told.history[0]!.as_of).toBe('2026-08-31');
  }
});

test.skipIf(!existsSync(EXPORT))('on CDNOW', { timeout: 400_000 }, async () => {
  const shop = await openShop();
  await copyFile(EXPORT, join(shop.folder, 'orders.csv'));
  await shop.write('job.yaml', withHoldout(jobText('orders.csv')));

  const lift = await heldOutTwice(shop, ['1997-09-30', '1998-06-30']);

  // Everybody of this cohort was there at the first run, and the reference counts what they bought since.
  const lots = lift.segments.flatMap(({ treated, held_out }) => [treated!, held_out!]);
  const sum = (of: (lot: (typeof lots)[0]) => number) => lots.reduce((total, lot) => total + of(lot), 0);
  expect(sum(({ customers }) => customers)).toBe(2357);
  expect(new Set(lots.map(({ days }) => days))).toEqual(new Set([273]));
  expect(sum(({ customers, purchases }) => customers * purchases)).toBeCloseTo(1882, 6);
  await expectExplained(shop, 'customer0002@example.com');
});
