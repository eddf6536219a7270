import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pulled, type Pulled } from './csv-folder.ts';

const HEAD = 'Name,Email,Financial Status,Subtotal,Created at,Lineitem quantity,Lineitem name,Lineitem price';
const aNote = fc
  .array(fc.constantFrom('a', 'é', ' ', ',', ';', '"', '\n', '\r\n', "'"))
  .map((parts) => parts.join(''));
const anExport = fc
  .array(fc.record({ cents: fc.nat(99_999), lines: fc.integer({ min: 1, max: 4 }), note: aNote }), {
    maxLength: 30,
  })
  .map((orders) =>
    orders.map(({ cents, lines, note }, id) => {
      const first = `#${id},${id % 7}@example.com,paid,${(cents / 100).toFixed(2)},2026-03-02 10:00:00 +0100`;
      const item = (line: number) => `1,"${note.replaceAll('"', '""')} ${line}",${(cents / 100).toFixed(2)}`;
      const more = Array.from({ length: lines - 1 }, (_, line) => `#${id},,,,,${item(line + 1)}`);
      return [`${first},${item(0)}`, ...more];
    }),
  );
const fileOf = (rows: string[]) => [HEAD, ...rows, ''].join('\r\n');
/** What was read, whatever the order of rows and the file they stood in. */
const content = (all: Pulled) => {
  const kinds = [all.orders, all.lines, all.refunds, all.customers, all.events, all.rejected];
  return kinds.map((list: object[]) =>
    list.map((record) => JSON.stringify({ ...record, version: 0 })).toSorted(),
  );
};
const pull = (...files: string[][]) =>
  pulled(Object.fromEntries(files.map((rows, index) => [`${index}.csv`, fileOf(rows)])), {
    path: '*.csv',
    format: 'shopify',
  });

test('the order of rows, splitting the file and reading it again change nothing', async () => {
  const shuffled = anExport.chain((orders) =>
    fc.tuple(
      fc.constant(orders),
      fc.shuffledSubarray(orders.flat(), { minLength: orders.flat().length }),
      fc.nat(30),
    ),
  );
  const property = fc.asyncProperty(shuffled, async ([orders, rows, cut]) => {
    const whole = await pull(orders.flat());

    expect(whole.orders).toHaveLength(orders.length);
    expect(whole.lines).toHaveLength(orders.flat().length);
    expect(whole.rejected).toEqual([]);
    expect(await pull(orders.flat())).toEqual(whole);
    expect(content(await pull(rows))).toEqual(content(whole));
    expect(content(await pull(orders.slice(0, cut).flat(), orders.slice(cut).flat()))).toEqual(
      content(whole),
    );
  });
  await fc.assert(property, { numRuns: 50 });
});
