import mysql, { type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';

export type Engine = 'postgres' | 'mysql';

const USUAL: Record<Engine, { variable: string; urls: string[] }> = {
  postgres: {
    variable: 'TEST_POSTGRES_URL',
    urls: ['postgres://root@127.0.0.1:5432/postgres', 'postgres://postgres@127.0.0.1:5432/postgres'],
  },
  mysql: { variable: 'TEST_MYSQL_URL', urls: ['mysql://root@127.0.0.1:3306/mysql'] },
};
export const TITLES: Record<Engine, string> = { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB' };

/** @returns the URL of a server that answers, or why there is none */
export async function serverUrl(engine: Engine): Promise<{ url: string } | { missing: string }> {
  const { variable, urls } = USUAL[engine];
  const named = process.env[variable];
  for (const url of named ? [named] : urls) {
    try {
      await connection(engine, url, (ask) => ask('SELECT 1'));
      return { url };
    } catch (error) {
      if (named) throw error;
    }
  }
  return { missing: `no ${TITLES[engine]} answers on 127.0.0.1; name one in ${variable}` };
}

type Ask = (text: string) => Promise<object[]>;

/** Asks over one connection, which is closed again. */
export async function connection<T>(engine: Engine, url: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  if (engine === 'postgres') {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(async (text) => [await client.query(text)].flat().at(-1)!.rows);
    } finally {
      await client.end();
    }
  }
  const { username, password, hostname, port, pathname } = new URL(url);
  const client = await mysql.createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    multipleStatements: true,
  });
  try {
    await client.query("SET time_zone = '+00:00'");
    return await work(async (text) => {
      const [rows] = await client.query<RowDataPacket[]>(text);
      return Array.isArray(rows) ? rows : [];
    });
  } finally {
    await client.end();
  }
}
