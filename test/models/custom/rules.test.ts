import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rule } from '../../../src/job/custom-rules.ts';
import { openStage } from '../../run/stage.ts';
import { holds } from './reference.ts';
import { anyRule } from './rules.ts';
import { assigned, AS_OF, EXTRAS, people } from './world.ts';

const stage = openStage();

const BUILT = ['lifecycle.active', 'lifecycle.lost', 'value_engagement.average_buyers', 'value_tier.low'];
const RULES = 40;

/** Rules of which each may name those before it. */
const rules = fc.tuple(
  ...Array.from({ length: RULES }, (_, index) =>
    anyRule([
      ...BUILT,
      ...Array.from({ length: Math.min(index, 5) }, (_, other) => `custom.r${index - other - 1}`),
    ]),
  ),
);

test('a thousand rules find whom a plain reading of the rules finds', { timeout: 600_000 }, async () => {
  let crowds = 0;
  const tally = { met: 0, unmet: 0 };
  await fc.assert(
    fc.asyncProperty(people, rules, async (crowd, written) => {
      const shop = stage.shop({
        sources: [{ type: 'memory', name: `crowd-${(crowds += 1)}`, extra: [...EXTRAS] }],
        segments: {
          lifecycle: {},
          value_engagement: {},
          value_tier: {},
          custom: written.map((where, index) => ({ name: `r${index}`, label: `R ${index}`, where })),
        },
      });
      const customers = await assigned(stage, shop, crowd);
      for (const { name, where } of shop.job.segments.custom!) {
        for (const customer of customers) {
          const is = customer.segments.has(`custom.${name}`);
          tally[is ? 'met' : 'unmet'] += 1;
          if (is !== holds(where as Rule, customer, AS_OF))
            expect.fail(`${name} ${JSON.stringify(where)} says ${is} of ${told(customer)}`);
        }
      }
    }),
    { numRuns: 1000 / RULES, endOnFailure: true },
  );
  // Rules that hold for nobody, or for all, would agree by accident.
  expect(Math.min(tally.met, tally.unmet)).toBeGreaterThan(0.1 * (tally.met + tally.unmet));
});

function told(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part instanceof Set ? [...(part as Set<unknown>)] : part,
  );
}
