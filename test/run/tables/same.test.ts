import fc from 'fast-check';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  FIELDS,
  sources,
  type Field,
  type Page,
  type Records,
  type Table,
} from '../../../connectors/index.ts';
import { pull } from '../../../src/run/pull.ts';
import { openStage, type Shop } from '../stage.ts';
import { cellOf } from './cells.ts';

/** A table of rows as it stands in a file and in a database; a cell that is null there is blank here. */
type Rows = {
  settings: {
    records: Records;
    dates: 'iso' | 'ymd' | 'dmy' | 'mdy';
    decimal: '.' | ',';
    pending_orders: 'ignore' | 'count';
    states: Record<string, 'paid' | 'cancelled'>;
    columns: Partial<Record<Field, string>>;
    extra: Record<string, string>;
    event?: 'visit';
  };
  timezone: string;
  header: string[];
  rows: (string | null)[][];
};

const stage = openStage();
const MODIFIED = '2026-02-03T04:05:06.000Z';
const ZONES =
  'UTC Europe/Berlin America/Sao_Paulo Asia/Beirut Africa/Casablanca Australia/Lord_Howe Asia/Kathmandu Pacific/Apia America/St_Johns Europe/Dublin'.split(
    ' ',
  );
const NEEDED: Record<Records, Field[]> = {
  orders: ['order_id', 'ordered_at', 'total'],
  lines: ['order_id', 'title', 'net'],
  products: ['sku'],
  customers: ['email'],
  events: ['at', 'email', 'type'],
};

function rowsOf(records: Records): fc.Arbitrary<Rows> {
  const optional = FIELDS[records].filter((field) => !NEEDED[records].includes(field));
  return fc
    .record({
      dates: fc.constantFrom('iso', 'iso', 'dmy', 'mdy', 'ymd'),
      decimal: fc.constantFrom('.', ','),
      pending_orders: fc.constantFrom('ignore', 'count'),
      timezone: fc.constantFrom(...ZONES),
      fields: fc.shuffledSubarray(optional, { minLength: Math.floor(optional.length / 3) }),
      event: fc.boolean(),
      extras: fc.subarray(['age', 'likes_9']),
    })
    .chain(({ fields, event, extras, timezone, dates, decimal, pending_orders }) => {
      const needed = NEEDED[records].filter((field) => !(event && field === 'type'));
      const kinds = [...needed, ...fields.filter((field) => field !== 'type'), 'other' as const];
      const own = records === 'customers' ? extras : [];
      const all = [...kinds, ...own.map(() => 'extra' as const)];
      const header = [
        ...kinds.map((kind, index) => (index === 1 ? `the "${kind}", \`x\`` : `the ${kind}`)),
        ...own.map((name) => `own ${name}`),
      ];
      const settings = {
        records,
        dates,
        decimal,
        pending_orders,
        states: records === 'orders' ? { bezahlt: 'paid' as const, 'Größe ': 'cancelled' as const } : {},
        columns: Object.fromEntries(kinds.slice(0, -1).map((kind, index) => [kind, header[index]!])),
        extra: Object.fromEntries(own.map((name) => [name, `own ${name}`])),
        ...(records === 'events' && event ? { event: 'visit' as const } : {}),
      };
      const cells = all.map((kind) => fc.option(cellOf(kind, dates), { freq: 20 }));
      const row = fc.tuple(...cells);
      const several = fc
        .tuple(row, fc.constantFrom(1, 1, 1, 2, 3))
        .map(([cells, times]) => Array.from({ length: times }, () => cells));
      return fc
        .array(several, { minLength: 1, maxLength: 60, size: 'max' })
        .map((rows) => ({ settings, timezone, header, rows: rows.flat() }) as Rows);
    });
}

function csv(rows: readonly (readonly (string | null)[])[], missing: string): string {
  const cell = (text: string | null) =>
    text === null ? missing : text === '' ? '' : `"${text.replaceAll('"', '""')}"`;
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** Everything the store has of a shop, and what the pull said. */
async function pulledBy(shop: Shop, lineOf: (line: number) => number) {
  const pulled = await pull(shop.context('2026-04-01'));
  const records: Record<string, unknown> = {};
  for (const table of ['orders', 'refunds', 'order_lines', 'products', 'customers', 'events']) {
    records[table] = await stage.engine.query(
      `SELECT * EXCEPT (source, run_id) FROM ${table} FINAL WHERE source = {source:String} ORDER BY ALL`,
      { source: shop.job.sources[0]!.key },
    );
  }
  const { sources, ...rest } = pulled;
  const own = `${sources[0]!.source}: `;
  const warnings = pulled.warnings.map((text) => (text.startsWith(own) ? text.slice(own.length) : text));
  const quality = sources.map((facts) => ({ ...facts, source: '' }));
  const rejections = pulled.rejections.map(({ line, reason }) => ({ row: lineOf(line), reason }));
  return { ...rest, warnings, quality, rejections, records };
}

/** The pages of the source with what it gives to the engine read row by row. */
async function rowByRow(shop: Shop): Promise<Page[]> {
  const [source] = shop.job.sources;
  const { signal } = new AbortController();
  const context = { folder: '/', timezone: shop.job.timezone, currency: shop.job.currency, backoff_ms: 1 };
  const opened = await sources.csv!.open(source!.settings, { ...context, signal, log: () => undefined });
  const pages: Page[] = [];
  for await (const { tables = [], ...page } of opened.pull({ marks: new Map(), since: new Map() })) {
    pages.push(page);
    for (const table of tables) pages.push(...(await Array.fromAsync(table.oneByOne!())));
  }
  return pages;
}

async function readByAll({ settings, timezone, header, rows }: Rows) {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-same-'));
  try {
    const file = join(folder, 'rows.csv');
    await writeFile(file, csv([header, ...rows], ''));
    await utimes(file, new Date(MODIFIED), new Date(MODIFIED));
    // Where each row begins in the file.
    const lines = new Map<number, number>();
    let line = 1;
    for (const [index, row] of [header, ...rows].entries()) {
      lines.set(line, index);
      line += csv([row], '').split('\n').length - 1;
    }
    const bySource = stage.shop({
      timezone,
      sources: [{ type: 'csv', path: file, delimiter: ',', ...settings }],
    });
    const byRow = stage.shop({ timezone });
    byRow.holds(await rowByRow(bySource));
    const byTable = stage.shop({ timezone });
    const table: Table = {
      name: file,
      rows: {
        format: 'csv',
        from: 'database',
        async *stream() {
          const bytes = Buffer.from(csv([header, ...rows], '\\N'));
          for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
        },
      },
      meaning: settings,
      version: Date.parse(MODIFIED) * 1000,
      modified_at: MODIFIED,
    };
    byTable.holds({ tables: [table] } as Page);
    return {
      row: await pulledBy(byRow, (line) => lines.get(line)!),
      source: await pulledBy(bySource, (line) => lines.get(line)!),
      table: await pulledBy(byTable, (row) => row),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('rows are the same records, with the same rejections and notes, whoever reads them', () => {
  test.each(Object.keys(FIELDS) as Records[])('%s', { timeout: 600_000 }, async (records) => {
    await fc.assert(
      fc.asyncProperty(rowsOf(records), async (rows) => {
        const { row, source, table } = await readByAll(rows);

        expect(source).toEqual(row);
        expect(table).toEqual(row);
      }),
      { numRuns: 5, interruptAfterTimeLimit: 300_000 },
    );
  });
});
