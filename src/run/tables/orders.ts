import { meaningsOf, NOTES, REASONS, UNREADABLE_AMOUNTS, type Meaning } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { given, held, stored } from './amounts.ts';
import { currency, few, word } from './cells.ts';
import { dates, instant } from './dates.ts';
import { type Kind, part, parts, type Reading } from './kind.ts';
import { description, descriptions, emailNote, IDENTIFIED, identity, IS_SOMEBODY } from './people.ts';
import { firstOf, texts } from './sql.ts';

const FEW = 'LowCardinality(String)';
const AMOUNT = 'Nullable(Decimal(18, 4))';
const MONEY = ['goods', 'total', 'tax', 'shipping', 'discount', 'refunded'] as const;
const DATES = ['ordered_at', 'cancelled_at', 'updated_at'] as const;

/** Rows that are orders, as connectors/csv/columns.ts and order.ts read them. */
export function orders(reading: Reading): Kind {
  const { version } = reading;
  const unreadable = MONEY.map((name) => `if(t_${name} != '' AND isNull(given_${name}), '${name}', '')`);
  const standing = standings(reading);
  const spent = `given_total - ifNull(given_tax, 0) - ifNull(given_shipping, 0)`;
  const refund = `abs(given_refunded)`;
  const {
    steps,
    stored: kept,
    absent,
  } = parts(
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
  return {
    steps: [
      ...steps,
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
        ...Object.fromEntries(
          ['total', 'tax', 'shipping', 'discount'].map((name) => [name, stored(`given_${name}`)]),
        ),
        refund: stored(
          `multiIf(ifNull(${refund} > 0 AND ${refund} < goods_units, 0), ${refund},
            ifNull(${refund} > 0, 0) OR ${standing.refunded}, goods_units, NULL)`,
        ),
        counts: standing.counts,
        is_test: standing.test,
        unknown_state: standing.unknown,
      },
      { taken: `reason = ''` },
    ],
    stored: {
      ...kept,
      counts: 'Bool',
      is_test: 'Bool',
      unknown_state: 'Bool',
      goods: 'Decimal(18, 4)',
      ...Object.fromEntries(['total', 'tax', 'shipping', 'discount', 'refund'].map((name) => [name, AMOUNT])),
    },
    absent,
    notes: [emailNote(), { what: NOTES.state, where: 'taken AND unknown_state', word: 'state' }],
    repeats: { what: NOTES.repeated, column: 'order_id' },
    makes: [
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
  };
}

function someone(made: ReturnType<typeof descriptions>) {
  return { ...made, where: `${made.where} AND ${IS_SOMEBODY}` };
}

/** Milliseconds times 1000, as `versionAt` (connectors/local-files.ts) makes it. */
function versionOf(version: number): string {
  return `if(isNull(updated_at), ${version}, toUInt64(greatest(0, assumeNotNull(updated_at))) * 1000)`;
}

function standings({ meaning }: Reading) {
  if (!meaning.columns.state) {
    return { meaning: "'paid'", counts: 'true', refunded: 'false', test: 'false', unknown: 'false' };
  }
  const known = meaningsOf(meaning.states);
  const counted: Meaning[] = [
    'paid',
    'refunded',
    ...(meaning.pending_orders === 'count' ? ['pending' as const] : []),
  ];
  return {
    meaning: `transform(state, ${texts(known.keys())}, ${texts(known.values())}, '')`,
    counts: `meaning IN (${counted.map(literal).join(', ')})`,
    refunded: `meaning = 'refunded'`,
    test: `meaning = 'test'`,
    unknown: `meaning = ''`,
  };
}
