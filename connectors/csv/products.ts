import { listOf } from './cells.ts';
import { REASONS } from '../reasons.ts';
import type { ColumnReader, FieldCells } from './draft.ts';
import { lineIds } from './line-ids.ts';
import { times } from './money.ts';

/** Reads rows of a file of products. */
export const products: ColumnReader = (cell, _settings, reading) => {
  const productOf = productReader(cell);
  const collections = cell('collections');
  return (row, draft) => {
    const product = productOf(row);
    if (!product.sku && !product.product_id) return REASONS.product;
    const list = listOf(collections(row));
    draft.products.push({
      ...product,
      collections: list.length > 0 ? list : undefined,
      version: reading.version,
    });
    return undefined;
  };
};

/** Reads rows of a file of lines of orders; the orders themselves stand in another. */
export const lines: ColumnReader = (cell, _settings, reading) => {
  const productOf = productReader(cell);
  const order = cell('order_id');
  const id = cell('line_id');
  const quantity = cell('quantity');
  const net = cell('net');
  const price = cell('price');
  const lineId = lineIds();
  return (row, draft) => {
    const order_id = order(row);
    if (order_id === '') return REASONS.line_order;
    const product = productOf(row);
    const title = product.title ?? product.sku ?? product.product_id;
    if (!title) return REASONS.line_product;
    const bought = reading.amount(quantity(row) || '1');
    const [whole, each] = [net(row), price(row)].map((text) => (text === '' ? '' : reading.amount(text)));
    if (!bought || whole === undefined || each === undefined) {
      return REASONS.line_amounts;
    }
    const paid = whole || (each && times(each, bought));
    if (paid === undefined) return REASONS.line_amounts;
    if (paid === '') return REASONS.line_no_amount;
    const line_id = id(row) || lineId(order_id, row.join('\n'));
    draft.lines.push({
      order_id,
      line_id,
      ...product,
      title,
      quantity: bought,
      net: paid,
      version: reading.version,
    });
    return undefined;
  };
};

function productReader(cell: FieldCells) {
  const sku = cell('sku');
  const product_id = cell('product_id');
  const title = cell('title');
  const category = cell('category');
  const brand = cell('brand');
  return (row: readonly string[]) => ({
    sku: sku(row) || undefined,
    product_id: product_id(row) || undefined,
    title: title(row) || undefined,
    category: category(row) || undefined,
    brand: brand(row) || undefined,
  });
}
