import { REASONS } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { amount, stored, times } from './amounts.ts';
import { list } from './cells.ts';
import type { Kind, Reading } from './kind.ts';
import { type Columns, firstOf, together } from './sql.ts';

const PRODUCT = ['sku', 'product_id', 'title', 'category', 'brand'] as const;
const CELLS: Columns = Object.fromEntries(PRODUCT.map((name) => [name, `t_${name}`]));
const STORED = Object.fromEntries(PRODUCT.map((name) => [name, 'String']));
const SAME = Object.fromEntries(PRODUCT.map((name) => [name, name]));

/** Rows that are products, as connectors/csv/products.ts reads them. */
export function products({ version }: Reading): Kind {
  return {
    steps: [
      { ...CELLS, collections: list('t_collections') },
      { taken: `sku != '' OR product_id != ''` },
      { reason: `if(taken, '', ${literal(REASONS.product)})` },
    ],
    stored: { ...STORED, collections: 'Array(String)' },
    dates: [],
    notes: [],
    makes: [
      {
        table: 'products',
        columns: {
          product_key: `if(sku != '', concat('sku:', sku), concat('id:', product_id))`,
          ...SAME,
          collections: 'collections',
          version: `${version}`,
        },
      },
    ],
  };
}

/** Rows that are lines of orders, as connectors/csv/products.ts reads them. */
export function lines({ meaning, version, row }: Reading): Kind {
  const read = (name: string, text: string) => amount(name, text, meaning.decimal);
  return {
    steps: [
      ...together(
        [{ ...CELLS, order_id: 't_order_id', quantity_text: `if(t_quantity = '', '1', t_quantity)` }],
        [{}, ...read('bought', 'quantity_text')],
        read('whole', 't_net'),
        read('each', 't_price'),
      ),
      {
        name: `multiIf(t_title != '', t_title, sku != '', sku, product_id)`,
        paid: `if(t_net != '', whole, ${times('each', 'bought')})`,
      },
      {
        reason: `ifNull(${firstOf([
          [`order_id = ''`, literal(REASONS.line_order)],
          [`name = ''`, literal(REASONS.line_product)],
          [
            `isNull(bought) OR (t_net != '' AND isNull(whole)) OR (t_price != '' AND isNull(each))`,
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
        line_id: `if(t_line_id != '', t_line_id, substring(lower(hex(SHA1(arrayStringConcat([${row.join(', ')}], '\\n')))), 1, 16))`,
      },
    ],
    stored: {
      order_id: 'String',
      line_id: 'String',
      unnumbered: 'Bool',
      ...STORED,
      name: 'String',
      quantity: 'Decimal(18, 4)',
      net: 'Decimal(18, 4)',
    },
    dates: [],
    notes: [],
    makes: [
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
  };
}
