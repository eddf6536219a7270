import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Table, TableRows } from '../../../connectors/index.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { createTables } from '../../../src/engine/tables.ts';
import { readTombstones, addTombstones } from '../../../src/ledger/tombstones.ts';
import type { RunContext } from '../../../src/run/run.ts';
import { loadTable } from '../../../src/run/tables/load.ts';
import { openStage as openStageOf, sweepStages } from '../../../src/run/tables/stage.ts';
import { places } from '../../engine/places.ts';

const CSV =
  'id,mail,tel,land,at,amount\n1,Ana@Example.com,030 1234567,de,2026-07-01 12:00:00,"1,234.50"\n2,b@c.d,,,2026-01-01T00:00:00Z,5\n';
const JSONL =
  '{"id": 1, "mail": "Ana@Example.com", "tel": "030 1234567", "land": "de", "at": "2026-07-01 12:00:00", "amount": "1,234.50"}\n{"id": 2, "mail": "b@c.d", "at": "2026-01-01T00:00:00Z", "amount": 5}\n';
const ORDERS = [
  {
    order_id: '1',
    email: 'ana@example.com',
    phone: '+49301234567',
    ordered_at: '2026-07-01T10:00:00.000Z',
    goods: '1234.5',
  },
  { order_id: '2', email: 'b@c.d', phone: '', ordered_at: '2026-01-01T00:00:00.000Z', goods: '5' },
];

function runIn(engine: Engine, signal = new AbortController().signal): RunContext {
  const job = { name: 'shop', currency: 'EUR', timezone: 'Europe/Berlin' };
  return { engine, job, run_id: 'run', signal } as unknown as RunContext;
}

function tableOf(rows: TableRows, more: Partial<Table> = {}): Table {
  const columns = {
    order_id: 'id',
    email: 'mail',
    phone: 'tel',
    country: 'land',
    ordered_at: 'at',
    total: 'amount',
  };
  return {
    name: 'query',
    rows,
    meaning: {
      records: 'orders',
      dates: 'iso',
      decimal: '.',
      extra: {},
      states: {},
      pending_orders: 'ignore',
      columns,
    },
    version: 7,
    modified_at: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

function csvRows(text: string): TableRows {
  return {
    format: 'csv',
    from: 'database',
    async *stream() {
      yield Buffer.from(text);
    },
  };
}

const stored = (engine: Engine, source: string) =>
  engine.query(
    `SELECT order_id, email, phone, ordered_at, goods FROM orders FINAL WHERE source = '${source}' ORDER BY order_id`,
  );
const staged = (engine: Engine) =>
  engine.query(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'staged_')`,
  );

describe.each(places)('in $name', ({ open }) => {
  test('the same rows are the same records in every format, and nothing else stays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'segment-sync-places-'));
    const { engine, leave } = await open();
    try {
      await createTables(engine);
      const run = runIn(engine);
      const tombstones = await readTombstones(engine);
      await writeFile(join(folder, 'a.jsonl'), JSONL);
      await writeFile(join(folder, 'a.jsonl.gz'), gzipSync(JSONL));
      const parquet = await readFile(join(import.meta.dirname, 'orders.parquet'));
      await writeFile(join(folder, 'a.parquet'), parquet);
      const all: Record<string, TableRows> = {
        csv: csvRows(CSV),
        jsonl: { format: 'jsonl', file: { path: join(folder, 'a.jsonl') } },
        packed: { format: 'jsonl', file: { path: join(folder, 'a.jsonl.gz'), packed: 'gz' } },
        parquet: { format: 'parquet', file: { path: join(folder, 'a.parquet') } },
      };

      for (const [source, rows] of Object.entries(all)) {
        const loaded = await loadTable(run, source, tableOf(rows), tombstones);
        expect(loaded).toMatchObject({ rows: 2, order_rows: 2, warnings: [], rejections: [] });
        expect(await stored(engine, source)).toEqual(ORDERS);
      }

      expect(await staged(engine)).toEqual([]);
    } finally {
      await leave();
      await rm(folder, { recursive: true });
    }
  });

  test('people who were erased stay out, by each of their names', async () => {
    const { engine, leave } = await open();
    try {
      await createTables(engine);
      await addTombstones(engine, ['email:ana@example.com', 'phone:+49301111111', 'customer:shop:c3']);
      const tombstones = await readTombstones(engine);
      const csv =
        'id,mail,tel,land,who,at,amount,back\n1,ANA@example.com,,,,2026-01-01,5,1\n2,x@y.z,030 1111111,de,,2026-01-01,5,1\n3,x@y.z,,,c3,2026-01-01,5,1\n4,x@y.z,030 1111111,fr,c4,2026-01-01,5,1\n';
      const table = tableOf(csvRows(csv));
      table.meaning = {
        ...table.meaning,
        columns: { ...table.meaning.columns, customer_id: 'who', refunded: 'back' },
      };

      const loaded = await loadTable(runIn(engine), 'shop', table, tombstones);

      expect(loaded).toMatchObject({ erased: 6 });
      for (const kind of ['orders', 'refunds']) {
        expect(await engine.query(`SELECT order_id FROM ${kind}`)).toEqual([{ order_id: '4' }]);
      }
      expect(await engine.query('SELECT customer_id, email FROM customers')).toEqual([
        { customer_id: 'c4', email: 'x@y.z' },
      ]);
    } finally {
      await leave();
    }
  });

  test('an order is stored only once what was given back of it is', async () => {
    const { engine, leave } = await open();
    try {
      await createTables(engine);
      const stored: string[] = [];
      let before: string[] | undefined;
      const watched: Engine = {
        ...engine,
        command: async (sql, ...rest) => {
          const [, table = ''] = /^INSERT INTO (\w+)/.exec(sql) ?? [];
          if (table === 'orders') before = [...stored];
          await engine.command(sql, ...rest);
          stored.push(table);
        },
      };
      const table = tableOf(csvRows('id,mail,tel,land,at,amount,back\n1,a@b.c,,,2026-01-01,5,1\n'));
      table.meaning = { ...table.meaning, columns: { ...table.meaning.columns, refunded: 'back' } };

      await loadTable(runIn(watched), 'shop', table, await readTombstones(engine));

      expect(before).toContain('refunds');
      expect(await engine.query('SELECT order_id, amount FROM refunds')).toEqual([
        { order_id: '1', amount: '1' },
      ]);
    } finally {
      await leave();
    }
  });

  test('a stream that breaks off stores no record, and its own error is thrown', async () => {
    const { engine, leave } = await open();
    try {
      await createTables(engine);
      const broken: TableRows = {
        format: 'csv',
        from: 'database',
        async *stream() {
          yield Buffer.from(CSV);
          throw new Error('the database went away');
        },
      };

      const loading = loadTable(runIn(engine), 'shop', tableOf(broken), await readTombstones(engine));

      await expect(loading).rejects.toThrow('the database went away');
      expect(await stored(engine, 'shop')).toEqual([]);
      expect(await staged(engine)).toEqual([]);
    } finally {
      await leave();
    }
  });

  test('what a killed pull left behind is swept before the next one of the job', async () => {
    const { engine, leave } = await open();
    try {
      await createTables(engine);
      const stage = openStageOf(engine, 'shop');
      await stage.create('rows', { row: 'UInt64' }, 'row');
      await openStageOf(engine, 'other').create('rows', { row: 'UInt64' }, 'row');

      await sweepStages(engine, 'shop');

      expect(await staged(engine)).toHaveLength(1);
    } finally {
      await leave();
    }
  });
});
