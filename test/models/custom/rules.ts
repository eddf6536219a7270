import fc from 'fast-check';
import { askedType, extraName, operatorsOf, type OperatorName } from '../../../src/job/operators.ts';
import { BRANDS, CATEGORIES, dayBefore, EXTRAS, PRODUCTS, SPANS, TAGS } from './world.ts';

/** A rule as a job file holds it. */
export type WrittenRule = Record<string, unknown>;

const FIELDS_ASKED =
  `country city email tags email_consent orders days_since_order visits_12m last_order first_order
  last_visit revenue average_order_value service_cost p_alive clv_12m favourite_category next_order tenure_days`
    .split(/\s+/)
    .concat(EXTRAS.map((name) => `extra.${name}`));

const texts = fc.constantFrom(
  'RO',
  'ro',
  'de',
  'bucurești',
  'BUCUREȘTI',
  'KÖLN',
  'straße',
  'a',
  'c1@EXAMPLE.com',
  'shoes',
  'Șosete',
  'n/a',
  '34',
  'inf',
);
const days = fc.constantFrom(...SPANS).map((count) => `${count}d`);
const day = fc.constantFrom(...SPANS, 0, -1, -30).map(dayBefore);
const whole = fc.constantFrom(0, 1, 2, 3, 34, 35, 400);
const amount = fc.constantFrom<(string | number)[]>(0, 1, 12.5, '12.3456', '19.9999', 20, 99.9, -1, 150);
const share = fc.constantFrom(0, 0.25, 0.3, 1);
const orList = <T>(one: fc.Arbitrary<T>) => fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }));

function valueOf(field: string, operator: OperatorName): fc.Arbitrary<unknown> {
  const type = askedType(field)!;
  const number = { money: amount, share, number: whole }[type as 'money'] ?? fc.oneof(whole, share);
  const kinds: Partial<Record<OperatorName, fc.Arbitrary<unknown>>> = {
    contains: texts,
    starts_with: texts,
    has: orList(fc.constantFrom(...TAGS, 'sport', 'ART')),
    known: fc.boolean(),
    within: days,
    older_than: days,
    within_next: days,
    before: day,
    after: day,
  };
  if (operator !== 'is' && operator !== 'is_not') return kinds[operator] ?? number;
  if (type === 'consent') return orList(fc.constantFrom('yes', 'no', 'unknown', 'pending'));
  if (type === 'extra') return orList<string | number>(fc.oneof(texts, whole));
  return type === 'text' ? orList(texts) : orList(number);
}

const fieldCondition = fc.constantFrom(...FIELDS_ASKED).chain((field) =>
  fc
    .subarray(operatorsOf(askedType(field)!), { minLength: 1, maxLength: extraName(field) ? 3 : 2 })
    .chain((operators) =>
      fc.record(Object.fromEntries(operators.map((operator) => [operator, valueOf(field, operator)]))),
    )
    .map((asked) => ({ field, ...asked })),
);

const period = { within: days, before: day, after: day };
const few = fc.integer({ min: 0, max: 3 });
const filled = (values: readonly string[]) => values.filter((value) => value !== '');

const bought = fc
  .record(
    {
      category: orList(fc.constantFrom(...filled(CATEGORIES))),
      product: orList(fc.constantFrom('sandals', 'TRAIL RUNNER')),
      sku: orList(fc.constantFrom('s-1', 'S-3')),
      brand: orList(fc.constantFrom(...filled(BRANDS))),
      collection: orList(fc.constantFrom('summer', ...PRODUCTS[1]!.collections)),
      ...period,
      at_least: few,
      at_most: few,
      quantity_at_least: fc.constantFrom<(string | number)[]>(0.5, 1, '2.5', 4),
      spent_at_least: amount,
    },
    { requiredKeys: [] },
  )
  .map(thinned);

const did = fc
  .record(
    {
      event: fc.constantFrom('visit', 'open', 'cart', 'review', 'click'),
      ...period,
      at_least: few,
      at_most: few,
    },
    { requiredKeys: ['event'] },
  )
  .map(inOrder);

/** All keys at once would hardly ever hold. */
function thinned(condition: Record<string, unknown>): WrittenRule {
  const products = ['category', 'product', 'sku', 'brand', 'collection'].filter((key) => key in condition);
  const dropped = products.slice(2);
  return inOrder(Object.fromEntries(Object.entries(condition).filter(([key]) => !dropped.includes(key))));
}

/** Limits that no count can meet are refused at load. */
function inOrder({ at_least, at_most, before, after, ...rest }: Record<string, unknown>): WrittenRule {
  const most = at_least !== undefined && (at_most as number) < (at_least as number) ? at_least : at_most;
  const early = before !== undefined && (after as string) >= (before as string) ? undefined : after;
  const given = { ...rest, at_least, at_most: most, before, after: early };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** @param segments full names that the rule may ask for */
export function anyRule(segments: readonly string[]): fc.Arbitrary<WrittenRule> {
  const { rule } = fc.letrec<{ rule: WrittenRule }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'rule', withCrossShrink: true },
      { weight: 6, arbitrary: fieldCondition },
      { weight: 3, arbitrary: bought.map((bought) => ({ bought })) },
      { weight: 2, arbitrary: did.map((did) => ({ did })) },
      { weight: 1, arbitrary: fc.constantFrom(...segments).map((segment) => ({ segment })) },
      { weight: 3, arbitrary: fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })) },
      { weight: 3, arbitrary: fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })) },
      { weight: 2, arbitrary: tie('rule').map((not) => ({ not })) },
    ),
  }));
  return rule;
}
