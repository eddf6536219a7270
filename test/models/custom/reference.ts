import type { Asked, BoughtCondition, DidCondition, Rule } from '../../../src/job/custom-rules.ts';
import { askedType, type AskedType } from '../../../src/job/operators.ts';

/** A purchase as the reference sees it; money in ten-thousandths. */
export type KnownOrder = { day: string; value: bigint; lines: KnownLine[] };
type KnownLine = {
  category: string;
  product: string;
  sku: string;
  brand: string;
  collections: string[];
  quantity: bigint;
  spent: bigint;
};

/** Everything that a rule may ask of a customer. */
export type Known = {
  fields: Record<string, unknown>;
  extra: Record<string, string>;
  orders: KnownOrder[];
  events: { type: string; day: string }[];
  /** Full names. */
  segments: ReadonlySet<string>;
};

/**
 * Whether a rule holds for a customer, by the words of the documentation and nothing of the program's SQL: texts are
 * equal whatever their capitals, and what is unknown meets no condition but `is_not` and `known: false`.
 * @param as_of the run's day
 */
export function holds(rule: Rule, customer: Known, as_of: string): boolean {
  if (rule.all) return rule.all.every((one) => holds(one, customer, as_of));
  if (rule.any) return rule.any.some((one) => holds(one, customer, as_of));
  if (rule.not) return !holds(rule.not, customer, as_of);
  if (rule.segment) return customer.segments.has(rule.segment);
  if (rule.bought) return hasBought(rule.bought, customer, as_of);
  if (rule.did) return hasDone(rule.did, customer, as_of);
  return isSo(rule.field!, rule, customer, as_of);
}

const DAY_MS = 86_400_000;
const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / DAY_MS;
const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
const listed = <T>(value: T | T[]): T[] => [value].flat() as T[];

/** Money and numbers as ten-thousandths. */
export function exact(written: string | number): bigint {
  const text = String(written);
  const [, sign, whole = '0', part = ''] = /^([-+]?)(\d+)(?:\.(\d{1,4}))?/.exec(text)!;
  const size = BigInt(whole) * 10_000n + BigInt(part.padEnd(4, '0'));
  return sign === '-' ? -size : size;
}

function isSo(field: string, asked: Asked, { fields, extra }: Known, as_of: string): boolean {
  const type = askedType(field)!;
  const value =
    type === 'extra' ? (extra[field.slice('extra.'.length)] ?? '').replaceAll(/^ +| +$/g, '') : fields[field];
  const known =
    value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  const number = numberOf(value, type);
  const day = dayOf(value, type);
  const among = (values: NonNullable<Asked['is']>) =>
    known && listed(values).some((one) => equals(value, one, type));
  const checks: [unknown, () => boolean][] = [
    [asked.is, () => among(asked.is!)],
    [asked.is_not, () => !among(asked.is_not!)],
    [asked.at_least, () => number !== undefined && number >= limitOf(asked.at_least!, type)],
    [asked.at_most, () => number !== undefined && number <= limitOf(asked.at_most!, type)],
    [asked.above, () => number !== undefined && number > limitOf(asked.above!, type)],
    [asked.below, () => number !== undefined && number < limitOf(asked.below!, type)],
    [asked.contains, () => known && String(value).toLowerCase().includes(asked.contains!.toLowerCase())],
    [
      asked.starts_with,
      () => known && String(value).toLowerCase().startsWith(asked.starts_with!.toLowerCase()),
    ],
    [asked.has, () => listed(asked.has!).some((one) => partsOf(value, type).some((part) => same(part, one)))],
    [asked.within, () => day !== undefined && inLast(day, asked.within!, as_of)],
    [asked.older_than, () => day !== undefined && daysBetween(day, as_of) >= asked.older_than!],
    [asked.within_next, () => day !== undefined && inLast(as_of, asked.within_next!, day)],
    [asked.before, () => day !== undefined && day < asked.before!],
    [asked.after, () => day !== undefined && day > asked.after!],
    [asked.known, () => asked.known === known],
  ];
  return checks.every(([given, check]) => given === undefined || check());
}

/** One of so many days of which `last` is the last. */
function inLast(day: string, many: number, last: string): boolean {
  const age = daysBetween(day, last);
  return age >= 0 && age < many;
}

function equals(value: unknown, one: string | number, type: AskedType): boolean {
  const asText = type === 'text' || type === 'consent' || (type === 'extra' && typeof one === 'string');
  return asText ? same(String(value), String(one)) : numberOf(value, type) === limitOf(one, type);
}

/** Money as ten-thousandths, other numbers as they are. */
function numberOf(value: unknown, type: AskedType): bigint | number | undefined {
  if (value === null || value === undefined) return undefined;
  if (type === 'money') return exact(value as string);
  if (type === 'extra') return /^[-+]?\d+(\.\d+)?$/.test(value as string) ? Number(value) : undefined;
  return Number(value);
}

function limitOf(written: string | number, type: AskedType): bigint | number {
  return type === 'money' ? exact(written) : Number(written);
}

function dayOf(value: unknown, type: AskedType): string | undefined {
  if (type === 'date') return (value as string | null) ?? undefined;
  const [day] = /^\d{4}-\d{2}-\d{2}/.exec(String(value)) ?? [];
  const real = day && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
  return real ? day : undefined;
}

function partsOf(value: unknown, type: AskedType): string[] {
  if (type === 'texts') return value as string[];
  return String(value)
    .split(',')
    .map((part) => part.replaceAll(/^ +| +$/g, ''));
}

type Period = { within?: number; before?: string; after?: string };

function inPeriod(day: string, { within, before, after }: Period, as_of: string): boolean {
  if (within !== undefined && daysBetween(day, as_of) >= within) return false;
  return (before === undefined || day < before) && (after === undefined || day > after);
}

function often(count: number, { at_least, at_most }: { at_least?: number; at_most?: number }): boolean {
  const least = at_least ?? (at_most === undefined ? 1 : 0);
  return count >= least && count <= (at_most ?? Infinity);
}

function hasBought(condition: BoughtCondition, { orders }: Known, as_of: string): boolean {
  const { category, product, sku, brand, collection } = condition;
  const named = [category, product, sku, brand, collection].some((one) => one !== undefined);
  const oneOf = (wanted: string | string[] | undefined, found: string[]) =>
    wanted === undefined || listed(wanted).some((one) => found.some((other) => same(one, other)));
  const fits = (line: KnownLine) =>
    oneOf(category, [line.category]) &&
    oneOf(product, [line.product]) &&
    oneOf(sku, [line.sku]) &&
    oneOf(brand, [line.brand]) &&
    oneOf(collection, line.collections);
  const inTime = orders.filter(({ day }) => inPeriod(day, condition, as_of));
  const counted = named ? inTime.filter(({ lines }) => lines.some(fits)) : inTime;
  const lines = inTime.flatMap((order) => order.lines).filter(fits);
  const sum = (amounts: bigint[]) => amounts.reduce((all, one) => all + one, 0n);
  const quantity = sum(lines.map((line) => line.quantity));
  const spent = sum(named ? lines.map((line) => line.spent) : inTime.map(({ value }) => value));
  return (
    often(counted.length, condition) &&
    (condition.quantity_at_least === undefined || quantity >= exact(condition.quantity_at_least)) &&
    (condition.spent_at_least === undefined || spent >= exact(condition.spent_at_least))
  );
}

function hasDone(condition: DidCondition, { events }: Known, as_of: string): boolean {
  const done = events.filter(({ type, day }) => type === condition.event && inPeriod(day, condition, as_of));
  return often(done.length, condition);
}
