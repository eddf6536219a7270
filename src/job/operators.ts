import { FIELDS, type FieldType } from './fields.ts';

/** The types of what a rule may ask about: those of the fields, and what a source carries beside them. */
export type AskedType = FieldType | 'extra';

/** What an operator is written with. */
type OperatorValue = 'values' | 'number' | 'text' | 'texts' | 'days' | 'day' | 'known';

type Operator = { value: OperatorValue; types: readonly AskedType[]; meaning: string };

const NUMBERS = ['number', 'money', 'share', 'extra'] as const;
const COMPARED = ['text', 'consent', ...NUMBERS] as const;
const TEXTS = ['text', 'extra'] as const;
const DATES = ['date', 'extra'] as const;

/** What a condition may ask of a field. All texts are compared without regard to capitals. */
export const OPERATORS = {
  is: { value: 'values', types: COMPARED, meaning: 'The field is this, or one of these.' },
  is_not: {
    value: 'values',
    types: COMPARED,
    meaning: 'The field is none of these; so is one that is unknown.',
  },
  at_least: { value: 'number', types: NUMBERS, meaning: 'The field is this or more.' },
  at_most: { value: 'number', types: NUMBERS, meaning: 'The field is this or less.' },
  above: { value: 'number', types: NUMBERS, meaning: 'The field is more than this.' },
  below: { value: 'number', types: NUMBERS, meaning: 'The field is less than this.' },
  contains: { value: 'text', types: TEXTS, meaning: 'The text holds this somewhere.' },
  starts_with: { value: 'text', types: TEXTS, meaning: 'The text begins with this.' },
  has: {
    value: 'texts',
    types: ['texts', 'extra'],
    meaning: 'The list holds this, or one of these; extra columns are read as a list with commas.',
  },
  within: {
    value: 'days',
    types: DATES,
    meaning: "The day is one of so many last days, such as 90d; the run's own day is the first of them.",
  },
  older_than: { value: 'days', types: DATES, meaning: 'The day lies before those of `within`.' },
  within_next: {
    value: 'days',
    types: DATES,
    meaning: "The day is one of so many coming days, such as 30d; the run's own day is the first of them.",
  },
  before: { value: 'day', types: DATES, meaning: 'The day lies before this one (YYYY-MM-DD).' },
  after: { value: 'day', types: DATES, meaning: 'The day lies after this one (YYYY-MM-DD).' },
  known: {
    value: 'known',
    types: ['text', 'texts', 'number', 'money', 'share', 'date', 'extra'],
    meaning: 'Whether anything is known of the field: true or false.',
  },
} as const satisfies Record<string, Operator>;

export type OperatorName = keyof typeof OPERATORS;

export const OPERATOR_NAMES = Object.keys(OPERATORS) as OperatorName[];

/** @returns the operators that fit a type, in the order they are shown */
export function operatorsOf(type: AskedType): OperatorName[] {
  return OPERATOR_NAMES.filter((name) => (OPERATORS[name].types as readonly AskedType[]).includes(type));
}

const EXTRA = 'extra.';

/** @returns the name of an extra column, `age` of `extra.age`; undefined for what is no such field */
export function extraName(field: string): string | undefined {
  return field.startsWith(EXTRA) ? field.slice(EXTRA.length) : undefined;
}

/** @returns undefined where there is no such field; whether a source carries an extra column is not looked at */
export function askedType(field: string): AskedType | undefined {
  if (extraName(field)) return 'extra';
  return Object.hasOwn(FIELDS, field) ? FIELDS[field as keyof typeof FIELDS].type : undefined;
}
