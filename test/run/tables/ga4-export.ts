import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../../src/engine/engine.ts';

/** An event as Google Analytics 4 exports it, as far as a test cares. */
export type SiteEvent = {
  /** ISO time in UTC; the day of the export is the same. */
  at: string;
  name?: string;
  device?: string;
  user?: string;
  order?: string;
};

const text = (value: string | undefined) =>
  value === undefined ? 'NULL' : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const day = (at: string) => at.slice(0, 10).replaceAll('-', '');

/** Columns of which nothing is to be read, and whose shapes are those of BigQuery's own export. */
const OTHERS = `
  [('page_location', (CAST('https://shop.example', 'Nullable(String)'), CAST(NULL, 'Nullable(Int64)'), CAST(NULL, 'Nullable(Float64)'))),
   ('ga_session_id', (NULL, 1772355600, NULL))]::Array(Tuple(key String, value Tuple(string_value Nullable(String), int_value Nullable(Int64), double_value Nullable(Float64)))) AS event_params,
  []::Array(Tuple(key String, value Tuple(string_value Nullable(String), set_timestamp_micros Nullable(Int64)))) AS user_properties,
  tuple('desktop', 'Chrome')::Tuple(category Nullable(String), browser Nullable(String)) AS device,
  [tuple('SKU', 2)]::Array(Tuple(item_id Nullable(String), quantity Nullable(Int64))) AS items`;

/**
 * A Parquet file of one day, written by the engine with the types that BigQuery writes.
 * @param without columns that the file lacks
 * @param seconds when it was changed, later than others
 */
export async function parquetExport(
  engine: Engine,
  path: string,
  events: readonly SiteEvent[],
  { without = [], seconds = 0 }: { without?: string[]; seconds?: number } = {},
): Promise<string> {
  const columns = (event: SiteEvent): Record<string, string> => ({
    event_date: `CAST(${text(day(event.at))}, 'Nullable(String)')`,
    event_timestamp: `CAST(${Date.parse(event.at) * 1000}, 'Nullable(Int64)')`,
    event_name: `CAST(${text(event.name ?? 'page_view')}, 'Nullable(String)')`,
    user_id: `CAST(${text(event.user)}, 'Nullable(String)')`,
    user_pseudo_id: `CAST(${text(event.device)}, 'Nullable(String)')`,
    ecommerce: `tuple(${text(event.order)}, NULL)::Tuple(transaction_id Nullable(String), purchase_revenue Nullable(Float64))`,
  });
  const rows = events.map((event) => {
    const kept = Object.entries(columns(event)).filter(([name]) => !without.includes(name));
    return `SELECT ${kept.map(([name, sql]) => `${sql} AS ${name}`).join(', ')}, ${OTHERS}`;
  });
  await engine.command(
    `INSERT INTO FUNCTION file('${path}', Parquet) ${rows.join(' UNION ALL ')} SETTINGS engine_file_truncate_on_insert = 1`,
  );
  await utimes(path, 1_770_000_000 + seconds, 1_770_000_000 + seconds);
  return path;
}

/** The same as lines of JSON: BigQuery writes whole numbers as texts and leaves out what is null. */
export function linesExport(events: readonly SiteEvent[]): string {
  return events
    .map((event) => {
      const line = {
        event_date: day(event.at),
        event_timestamp: String(Date.parse(event.at) * 1000),
        event_name: event.name ?? 'page_view',
        event_params: [{ key: 'page_title', value: { string_value: '{"event_date": "19990101"}' } }],
        user_id: event.user,
        user_pseudo_id: event.device,
        ecommerce: event.order === undefined ? undefined : { transaction_id: event.order },
      };
      return `${JSON.stringify(line)}\n`;
    })
    .join('');
}

/** Puts lines of JSON into a file of that name. */
export async function putLines(
  folder: string,
  name: string,
  content: string | Buffer,
  seconds = 0,
): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await utimes(path, 1_770_000_000 + seconds, 1_770_000_000 + seconds);
  return path;
}
