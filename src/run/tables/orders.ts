import {
  meaningsOf,
  NOTES,
  REASONS,
  UNREADABLE_AMOUNTS,
  type Field,
  type Meaning,
} from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { given, held, stored } from './amounts.ts';
import { currency, few, word } from './cells.ts';
import { dates, instant } from './dates.ts';
import { type Kind, part, type Part, parts, type Reading } from './kind.ts';
import { description, descriptions, emailNote, IDENTIFIED, identity, IS_SOMEBODY } from './people.ts';
import { firstOf, texts } from './sql.ts';

const FEW = 'LowCardinality(String)';
const AMOUNT = 'Nullable(Decimal(18, 4))';
const SUMS = ['total', 'tax', 'shipping', 'discount'] as const;
const MONEY = ['goods', ...SUMS, 'refunded'] as const;
const DATES = ['ordered_at', 'cancelled_at', 'updated_at'] as const;

/** Rows that are orders, as connectors/csv/columns.ts and order.ts read them. */
export function orders(reading: Reading): Kind {
  const { version, meaning } = reading;
  const isKnown = (name: Field) => meaning.columns[name] !== undefined;
  const unreadable = MONEY.filter(isKnown).map(
    (name) => `if(t_${name} != '' AND isNull(given_${name}), '${name}', '')`,
  );
  const spent = `given_total - ifNull(given_tax, 0) - ifNull(given_shipping, 0)`;
  const read = parts(
    identity(reading),
    description(reading),
    dates(reading, DATES),
    given(reading, MONEY),
    part(reading, {
      order_id: ['order_id', 't_order_id'],
      currency: ['currency', currency(few('t_currency'), reading.currency), FEW, literal(reading.currency)],
      state: ['state', word(few('t_state')), FEW],
    }),
  );
  const standing = standings(reading);
  const kept = parts(
    ...SUMS.map((name) => optional(isKnown(name), { [name]: [stored(`given_${name}`), AMOUNT] })),
    optional(isKnown('state'), standing.columns),
    optional(isKnown('state') || isKnown('refunded'), { refund: [refundOf(standing.refunded), AMOUNT] }),
  );
  return {
    steps: [
      ...read.steps,
      {
        goods_units: `ifNull(given_goods, ${held(spent)})`,
        meaning: standing.meaning,
        unreadable: `arrayStringConcat(arrayFilter(name -> name != '', [${unreadable.join(', ')}]), ', ')`,
      },
      {
        reason: `ifNull(${firstOf([
          [`t_updated_at != '' AND isNull(updated_at)`, literal(REASONS.updated_at)],
          [`order_id = ''`, literal(REASONS.order_id)],
          [`isNull(ordered_at)`, literal(REASONS.ordered_at)],
          [`t_cancelled_at != '' AND isNull(cancelled_at)`, literal(REASONS.cancelled_at)],
          [`currency = ''`, literal(REASONS.currency)],
          [`unreadable != ''`, `concat(unreadable, ${literal(UNREADABLE_AMOUNTS)})`],
          [`isNull(goods_units)`, literal(REASONS.no_amount)],
        ])}, '')`,
        goods: stored('ifNull(goods_units, 0)'),
        ...kept.steps[0],
      },
      { taken: `reason = ''` },
    ],
    stored: { ...read.stored, goods: 'Decimal(18, 4)', ...kept.stored },
    absent: { ...read.absent, ...kept.absent },
    plain: read.plain,
    notes: [emailNote(), { what: NOTES.state, where: 'taken AND unknown_state', word: 'state' }],
    repeats: { what: NOTES.repeated, column: 'order_id' },
    // Orders last: an order is there only once its refund is.
    makes: [
      [
        {
          table: 'refunds',
          where: 'isNotNull(refund)',
          columns: {
            refund_id: 'order_id',
            order_id: 'order_id',
            at: instant('assumeNotNull(ifNull(cancelled_at, ordered_at))'),
            amount: 'refund',
            version: versionOf(version),
          },
        },
      ],
      [
        someone(descriptions('assumeNotNull(ifNull(updated_at, ordered_at))')),
        {
          table: 'orders',
          columns: {
            order_id: 'order_id',
            ...IDENTIFIED,
            ordered_at: instant('assumeNotNull(ordered_at)'),
            cancelled_at: instant('cancelled_at'),
            ...Object.fromEntries(
              ['state', 'counts', 'is_test', 'currency', 'goods', 'discount', 'tax', 'shipping', 'total'].map(
                (name) => [name, name],
              ),
            ),
            country: 'country',
            version: versionOf(version),
          },
        },
      ],
    ],
  };
}

function someone(made: ReturnType<typeof descriptions>) {
  return { ...made, where: `${made.where} AND ${IS_SOMEBODY}` };
}

/** Milliseconds times 1000, as `versionAt` (connectors/local-files.ts) makes it. */
function versionOf(version: number): string {
  return `if(isNull(updated_at), ${version}, toUInt64(greatest(0, assumeNotNull(updated_at))) * 1000)`;
}

type Sql = [sql: string, type: string, absent?: string];

/** Columns that are made of others where those are known, and else what they are without. */
function optional(isKnown: boolean, columns: Record<string, Sql>): Part {
  const all = Object.entries(columns);
  if (isKnown) {
    return {
      steps: [Object.fromEntries(all.map(([name, [sql]]) => [name, sql]))],
      stored: Object.fromEntries(all.map(([name, [, type]]) => [name, type])),
      absent: {},
    };
  }
  const absent = all.map(([name, [, type, otherwise = 'NULL']]) => [name, `CAST(${otherwise}, '${type}')`]);
  return { steps: [], stored: {}, absent: Object.fromEntries(absent) };
}

/** What was given back: all of an order whose state says so, or is not known to be less. */
function refundOf(isRefunded: string): string {
  const given = `abs(given_refunded)`;
  return stored(
    `multiIf(ifNull(${given} > 0 AND ${given} < goods_units, 0), ${given},
      ifNull(${given} > 0, 0) OR ${isRefunded}, goods_units, NULL)`,
  );
}

function standings({ meaning }: Reading) {
  const known = meaningsOf(meaning.states);
  const counted: Meaning[] = [
    'paid',
    'refunded',
    ...(meaning.pending_orders === 'count' ? ['pending' as const] : []),
  ];
  const hasState = meaning.columns.state !== undefined;
  const columns: Record<string, Sql> = {
    counts: [`meaning IN (${counted.map(literal).join(', ')})`, 'Bool', 'true'],
    is_test: [`meaning = 'test'`, 'Bool', 'false'],
    unknown_state: [`meaning = ''`, 'Bool', 'false'],
  };
  return {
    meaning: hasState ? `transform(state, ${texts(known.keys())}, ${texts(known.values())}, '')` : `'paid'`,
    refunded: hasState ? `meaning = 'refunded'` : 'false',
    columns,
  };
}
