import { DateTime } from 'luxon';
import { z } from 'zod';
import { EVENT_TYPES } from '../../connectors/index.ts';
import { days } from './duration.ts';
import { OPERATORS, type OperatorName } from './operators.ts';

const text = z.string().trim().min(1, 'Expected a text');
const scalar = z.union([text, z.number()]);
const amount = z.union([z.number(), z.string()]);
const texts = z.union([text, z.array(text).min(1)]);
/** Days that the store can hold. */
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'Write a day as YYYY-MM-DD')
  .refine((text) => DateTime.fromISO(text).isValid && text >= '1900-01-01' && text < '2300-01-01', {
    error: 'There is no such day between the years 1900 and 2299',
  });

const meaning = (operator: OperatorName) => OPERATORS[operator].meaning;

/** What a condition asks of a field; which of them fit depends on the field. */
const asked = {
  is: z
    .union([scalar, z.array(scalar).min(1)])
    .optional()
    .describe(meaning('is')),
  is_not: z
    .union([scalar, z.array(scalar).min(1)])
    .optional()
    .describe(meaning('is_not')),
  at_least: amount.optional().describe(meaning('at_least')),
  at_most: amount.optional().describe(meaning('at_most')),
  above: amount.optional().describe(meaning('above')),
  below: amount.optional().describe(meaning('below')),
  contains: text.optional().describe(meaning('contains')),
  starts_with: text.optional().describe(meaning('starts_with')),
  has: texts.optional().describe(meaning('has')),
  within: days().optional().describe(meaning('within')),
  older_than: days().optional().describe(meaning('older_than')),
  within_next: days().optional().describe(meaning('within_next')),
  before: day.optional().describe(meaning('before')),
  after: day.optional().describe(meaning('after')),
  known: z.boolean().optional().describe(meaning('known')),
} satisfies Record<OperatorName, z.ZodType>;

const count = z.int().min(0).max(1_000_000);

/** Which records count. */
const period = {
  within: days()
    .optional()
    .describe("Only those of so many last days, such as 365d; the run's own day is the first."),
  before: day.optional().describe('Only those before this day (YYYY-MM-DD).'),
  after: day.optional().describe('Only those after this day (YYYY-MM-DD).'),
};

const product = (what: string) =>
  texts.optional().describe(`${what}, one or a list of which any will do; capitals do not matter.`);

const Bought = z.strictObject({
  category: product('Category of the product'),
  product: product('Title of the product'),
  sku: product('SKU of the product'),
  brand: product('Brand of the product'),
  collection: product('A collection that the product is in'),
  ...period,
  at_least: count
    .optional()
    .describe('So many orders or more; 1 unless given, or none where `at_most` is given.'),
  at_most: count.optional().describe('So many orders or fewer.'),
  quantity_at_least: amount.optional().describe('So many pieces in all or more.'),
  spent_at_least: amount
    .optional()
    .describe(
      'So much paid or more: for the products before refunds, or for all orders less refunds where no product is named.',
    ),
});

const Did = z.strictObject({
  event: z.enum(EVENT_TYPES).describe('What the customer did.'),
  ...period,
  at_least: count
    .optional()
    .describe('So many times or more; 1 unless given, or none where `at_most` is given.'),
  at_most: count.optional().describe('So many times or fewer.'),
});

/** A rule as it is read: one condition, or several under `all`, `any` or `not`. Durations are in days. */
export type Rule = Asked & {
  all?: Rule[];
  any?: Rule[];
  not?: Rule;
  segment?: string;
  field?: string;
  bought?: BoughtCondition;
  did?: DidCondition;
};
export type Asked = z.output<z.ZodObject<typeof asked>>;
export type BoughtCondition = z.output<typeof Bought>;
export type DidCondition = z.output<typeof Did>;

/** A rule says one of these. */
export const RULE_KINDS = ['all', 'any', 'not', 'segment', 'field', 'bought', 'did'] as const;

/** What a condition on purchases may name; the column of a purchased line that it is about. */
export const PRODUCT_KEYS = {
  category: 'category',
  product: 'product',
  sku: 'sku',
  brand: 'brand',
  collection: 'collections',
} as const;

export const RuleSettings: z.ZodType<Rule> = z.strictObject({
  get all() {
    return z.array(RuleSettings).min(1).optional().describe('Every one of these must hold.');
  },
  get any() {
    return z.array(RuleSettings).min(1).optional().describe('At least one of these must hold.');
  },
  get not() {
    return RuleSettings.optional().describe('This must not hold.');
  },
  segment: text
    .optional()
    .describe('The customer is in this segment: the full name, such as lifecycle.top or custom.vip.'),
  field: text
    .optional()
    .describe(
      'A field of the profile, such as country, or an extra column of a source, such as extra.age; beside it stands what is asked of it. What is unknown meets no condition but `is_not` and `known: false`.',
    ),
  ...asked,
  bought: Bought.optional().describe('What the customer bought; {} is anything.'),
  did: Did.optional().describe('What the customer did beside buying.'),
});
