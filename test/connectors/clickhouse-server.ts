import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openDoor, PASSWORD, refuseStrangers, USER, type Asked, type Door } from '../engine/door.ts';
import type { TestDatabase } from './databases.ts';

/** ClickHouse behind its door, with users that may less than all. The refusals are in ClickHouse's words. */
export type ClickHouseServer = Pick<Door, 'asked' | 'running' | 'stop'> & {
  /** Of a user and a database. */
  url(user: string, database: string, password?: string): string;
  /** File with the certificate of the authority that signed the server's, with `tls`. */
  ca: string;
  database(): Promise<TestDatabase>;
  /** Breaks the next answer of rows off after so many bytes. */
  cutNext(bytes: number): void;
};

/** Users beside `owner`, all with the same password: one without rights, and those whose profiles say something. */
export const STRANGER = 'stranger';
export const LIMITED = 'limited';
const PROFILES: Record<string, Record<string, string>> = {
  [LIMITED]: { max_rows_to_read: '1' },
  readonly_1: { readonly: '1' },
  readonly_2: { readonly: '2' },
};

export async function startClickHouse({ tls = false } = {}): Promise<ClickHouseServer> {
  const door = await openDoor({ tls, refuse, profile: (user) => PROFILES[user] ?? {} });
  const url: ClickHouseServer['url'] = (user, database, password = PASSWORD) =>
    `${door.url.replace('://', `://${user}:${encodeURIComponent(password)}@`)}/${database}`;
  return {
    url,
    ca: join(door.certificates, 'ca.pem'),
    database: () => makeDatabase(door, url),
    asked: door.asked,
    cutNext: (after) => door.next({ at: /TabSeparatedRaw/, cut: { of: 'answer', after } }),
    running: door.running,
    stop: door.stop,
  };
}

async function makeDatabase(door: Door, url: ClickHouseServer['url']): Promise<TestDatabase> {
  const name = `shop_${randomBytes(5).toString('hex')}`;
  const first = door.behind();
  await first.command({ query: `CREATE DATABASE ${name}` });
  const client = door.behind(name);
  onTestFinished(async () => {
    await first.command({ query: `DROP DATABASE ${name}` });
    await Promise.all([first.close(), client.close()]);
  });
  return {
    url: url(USER, name),
    name,
    async sql<Row extends object>(query: string): Promise<Row[]> {
      if (/^\s*SELECT/i.test(query))
        return (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
      await client.command({ query });
      return [];
    },
  };
}

function refuse({ user, password, sql, settings }: Asked): string | undefined {
  const known = [STRANGER, ...Object.keys(PROFILES)].includes(user);
  const strange = refuseStrangers({ user: known ? USER : user, password, sql, settings });
  if (strange) return strange;
  if (user === STRANGER && /\borders\b/.test(sql)) {
    return `Code: 497. DB::Exception: ${STRANGER}: Not enough privileges. To execute this query, it's necessary to have the grant SELECT(id) ON shop.orders. (ACCESS_DENIED)`;
  }
  const fixed = PROFILES[user]?.readonly;
  const own = [...settings.keys()].filter(
    (name) => !/^(param_|query_id$|database$|default_format$|wait_end_of_query$)/.test(name),
  );
  const denied = fixed === '1' ? own[0] : fixed === '2' ? own.find((name) => name === 'readonly') : undefined;
  if (denied)
    return `Code: 164. DB::Exception: Cannot modify '${denied}' setting in readonly mode. (READONLY)`;
  return undefined;
}
