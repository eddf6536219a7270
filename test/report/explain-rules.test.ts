import { expect, test } from 'vitest';
import { conditionText } from '../../src/report/explain-rules.ts';

test.for([
  [{ segment: 'lifecycle.top' }, 'in lifecycle.top'],
  [{ field: 'country', is_not: ['RO', 'DE'] }, 'country is not RO or DE'],
  [
    { field: 'last_order', within: 90, before: '2026-01-01' },
    'last_order within 90 days and before 2026-01-01',
  ],
  [{ field: 'extra.age', known: false }, 'extra.age known false'],
  [
    { bought: { category: 'Shoes', within: 365, at_least: 2 } },
    'bought category Shoes, within 365 days, at least 2',
  ],
  [{ bought: {} }, 'bought anything'],
  [{ did: { event: 'visit', within: 30, at_most: 3 } }, 'did visit, within 30 days, at most 3'],
] as const)('%o in words', ([condition, words]) => {
  expect(conditionText(condition)).toBe(words);
});
