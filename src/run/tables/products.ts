import { REASONS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { given, stored, times } from './amounts.ts';
import { list } from './cells.ts';
import { type Kind, part, type Part, parts, type Reading } from './kind.ts';
import { firstOf } from './sql.ts';

const PRODUCT = ['sku', 'product_id', 'title', 'category', 'brand'] as const;
const SAME = Object.fromEntries(PRODUCT.map((name) => [name, name]));

function product(reading: Reading): Part {
  return part(reading, Object.fromEntries(PRODUCT.map((name) => [name, [name, `t_${name}`]])));
}

/** Rows that are products, as connectors/csv/products.ts reads them. */
export function products(reading: Reading): Kind {
  const collections = part(reading, {
    collections: ['collections', list('t_collections'), 'Array(String)', '[]::Array(String)'],
  });
  const { steps, stored, absent } = parts(product(reading), collections);
  return {
    steps: [
      ...steps,
      { taken: `sku != '' OR product_id != ''` },
      { reason: `if(taken, '', ${literal(REASONS.product)})` },
    ],
    stored,
    absent,
    notes: [],
    makes: [
      [
        {
          table: 'products',
          columns: {
            product_key: `if(sku != '', concat('sku:', sku), concat('id:', product_id))`,
            ...SAME,
            collections: 'collections',
            version: `${reading.version}`,
          },
        },
      ],
    ],
  };
}

/** Rows that are lines of orders, as connectors/csv/products.ts reads them. */
export function lines(reading: Reading): Kind {
  const { meaning, version } = reading;
  const {
    steps,
    stored: kept,
    absent,
    plain,
  } = parts(product(reading), given(reading, ['quantity', 'net', 'price']));
  const bought =
    meaning.columns.quantity === undefined ? '10000' : `if(t_quantity = '', 10000, given_quantity)`;
  return {
    steps: [
      { order_id: 't_order_id' },
      ...steps,
      { bought },
      {
        name: `multiIf(t_title != '', t_title, sku != '', sku, product_id)`,
        paid: `if(t_net != '', given_net, ${times('given_price', 'bought')})`,
      },
      {
        reason: `ifNull(${firstOf([
          [`order_id = ''`, literal(REASONS.line_order)],
          [`name = ''`, literal(REASONS.line_product)],
          [
            `isNull(bought) OR (t_net != '' AND isNull(given_net)) OR (t_price != '' AND isNull(given_price))`,
            literal(REASONS.line_amounts),
          ],
          [`t_net = '' AND t_price = ''`, literal(REASONS.line_no_amount)],
          [`isNull(paid)`, literal(REASONS.line_amounts)],
        ])}, '')`,
        quantity: stored('ifNull(bought, 0)'),
        net: stored('ifNull(paid, 0)'),
      },
      {
        taken: `reason = ''`,
        unnumbered: `reason = '' AND t_line_id = ''`,
        // Without an id a line is known by what it says.
        line_id: `if(t_line_id != '', t_line_id, substring(lower(hex(SHA1(arrayStringConcat(whole, '\\n')))), 1, 16))`,
      },
    ],
    stored: {
      ...kept,
      order_id: 'String',
      line_id: 'String',
      unnumbered: 'Bool',
      name: 'String',
      quantity: 'Decimal(18, 4)',
      net: 'Decimal(18, 4)',
    },
    absent,
    plain,
    notes: [],
    makes: [
      [
        {
          table: 'order_lines',
          columns: {
            order_id: 'order_id',
            line_id: `if(copy > 1, concat(line_id, '.', toString(copy)), line_id)`,
            ...SAME,
            title: 'name',
            quantity: 'quantity',
            net: 'net',
            version: `${version}`,
          },
        },
      ],
    ],
  };
}
