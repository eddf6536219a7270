import { expect, test } from 'vitest';
import { openActiveShop } from './active-shop.ts';
import { explained } from './explained.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, aCustomer, anOrder, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const at = (day: string) => `${day}T12:00:00.000Z`;

test('the history holds the dates on which segments changed, also when the name did', async () => {
  const { shop } = openActiveShop(stage, {
    segments: { lifecycle: { model: 'recency', at_risk_after: '30d', lost_after: '90d', top_share: 0 } },
  });
  shop.holds(aBuyer('cy', { ordered_at: at('2025-12-01') }));
  await shop.run('2025-12-31');
  shop.holds([
    aBuyer('cy', { ordered_at: at('2025-12-01') }),
    aBuyer('ana', { ordered_at: at('2026-03-01') }),
  ]);
  for (const day of ['2026-01-31', AS_OF, '2026-04-15']) await shop.run(day);
  const account = { orders: [anOrder({ customer_id: '7', ordered_at: at('2026-06-01') })] };
  shop.holds([aBuyer('ana', { ordered_at: at('2026-03-01') }), account]);
  await shop.run('2026-06-15');
  // The newest run of a date stands for it.
  await shop.run(AS_OF);
  await shop.run('2026-06-15');

  const { history, customer } = await explained(stage.engine, shop, 'ana@example.com');

  expect(customer).toMatch(/^customer:/);
  expect(history.map(({ as_of, entered, left, gone }) => ({ as_of, entered, left, gone }))).toEqual([
    { as_of: AS_OF, entered: ['lifecycle.active'], left: [], gone: false },
    { as_of: '2026-04-15', entered: ['lifecycle.at_risk'], left: ['lifecycle.active'], gone: false },
    { as_of: '2026-06-15', entered: ['lifecycle.active'], left: ['lifecycle.at_risk'], gone: false },
  ]);
});

test('what each audience made of a customer, and what platforms acknowledged and when', async () => {
  const platforms = ['open', 'strict', 'phones'].map((type) =>
    openPlatform({ type, ...(type === 'phones' ? { identifiers: ['phone'] } : {}) }),
  );
  const [open, strict, phones] = platforms as [
    (typeof platforms)[0],
    (typeof platforms)[0],
    (typeof platforms)[0],
  ];
  const { shop } = openActiveShop(stage, {
    connectors: { open: open.definition, strict: strict.definition, phones: phones.definition },
    destinations: [
      { type: 'open', audiences: [{ segment: 'lifecycle.*' }] },
      { type: 'strict', consent: 'required', audiences: [{ segment: 'lifecycle.active' }] },
      { type: 'phones', audiences: [{ segment: 'lifecycle.active' }] },
    ],
  });
  const march = aBuyer('ana', {}, { email_consent: 'yes' });
  shop.holds(march);
  await shop.run(AS_OF);
  const refused = { customers: [aCustomer({ email_consent: 'no' as const, updated_at: at('2026-03-15') })] };
  shop.holds([march, refused]);
  open.outcome = (_, op) => (op === 'remove' ? 'refused for good' : 'done');
  await shop.run('2026-09-30');

  const { audiences } = await explained(stage.engine, shop, 'ana@example.com');

  const short = audiences.map(({ destination, audience, wanted, held, events }) => [
    `${destination} ${audience}`,
    wanted,
    held,
    events.map(({ op, result, reason }) => [op, result, reason].filter(Boolean).join(' ')),
  ]);
  expect(short).toEqual([
    ['open Active', 'not in segment', true, ['add done', 'remove refused not wanted here']],
    ['open At risk', 'yes', true, ['add done']],
    ['strict Active', 'not in segment', false, ['add done', 'remove done']],
  ]);
  const { events } = audiences[0]!;
  expect(events[0]!.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(Math.abs(Date.parse(events[0]!.at) - Date.now())).toBeLessThan(600_000);
  await shop.run(AS_OF);
  const again = await explained(stage.engine, shop, 'ana@example.com');
  expect(again.audiences.map(({ destination, audience, wanted }) => [destination, audience, wanted])).toEqual(
    [
      ['open', 'Active', 'yes'],
      ['open', 'At risk', 'not in segment'],
      ['strict', 'Active', 'without consent'],
      ['phones', 'Active', 'unreachable'],
    ],
  );
});

test('a held-out customer is told to be held out', async () => {
  const { shop, platform } = openActiveShop(stage, {
    destinations: [{ type: 'platform', audiences: [{ segment: 'lifecycle.active', holdout: 0.5 }] }],
  });
  const names = Array.from({ length: 12 }, (_, index) => `buyer${index}`);
  shop.holds(names.map((name) => aBuyer(name)));
  await shop.run(AS_OF);

  const members = platform.members('Active');
  const wanted = await Promise.all(
    names.map(
      async (name) => (await explained(stage.engine, shop, `${name}@example.com`)).audiences[0]!.wanted,
    ),
  );

  expect(new Set(wanted)).toEqual(new Set(['yes', 'held out']));
  expect(wanted).toEqual(
    names.map((name) => (members.includes(`email:${name}@example.com`) ? 'yes' : 'held out')),
  );
});
