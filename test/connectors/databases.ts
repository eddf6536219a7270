import { randomBytes } from 'node:crypto';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { onTestFinished } from 'vitest';

export type Engine = 'postgres' | 'mysql';

/** A database of a test's own, dropped when the test has ended. */
export type TestDatabase = {
  url: string;
  name: string;
  /** Runs statements, or asks something. */
  sql<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
};

/** A server that tests may use, or why there is none. */
export type TestServer = {
  engine: Engine;
  title: string;
  missing?: string;
  database(): Promise<TestDatabase>;
};

const USUAL: Record<Engine, { variable: string; urls: string[] }> = {
  postgres: {
    variable: 'TEST_POSTGRES_URL',
    urls: ['postgres://root@127.0.0.1:5432/postgres', 'postgres://postgres@127.0.0.1:5432/postgres'],
  },
  mysql: { variable: 'TEST_MYSQL_URL', urls: ['mysql://root@127.0.0.1:3306/mysql'] },
};
const TITLES: Record<Engine, string> = { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB' };

/** The server that the environment names, or one found on loopback. */
export async function findServer(engine: Engine): Promise<TestServer> {
  const { variable, urls } = USUAL[engine];
  const named = process.env[variable];
  for (const url of named ? [named] : urls) {
    try {
      await connection(engine, url, (ask) => ask('SELECT 1'));
      return { engine, title: TITLES[engine], database: () => makeDatabase(engine, url) };
    } catch (error) {
      if (named) throw error;
    }
  }
  const missing = `no ${TITLES[engine]} answers on 127.0.0.1; name one in ${variable}`;
  return { engine, title: TITLES[engine], missing, database: () => Promise.reject(new Error(missing)) };
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

async function makeDatabase(engine: Engine, server: string): Promise<TestDatabase> {
  const name = `segment_sync_test_${randomBytes(5).toString('hex')}`;
  await connection(engine, server, (ask) => ask(`CREATE DATABASE ${name}`));
  onTestFinished(async () => {
    const forced = engine === 'postgres' ? ' WITH (FORCE)' : '';
    await connection(engine, server, (ask) => ask(`DROP DATABASE IF EXISTS ${name}${forced}`));
  });
  const url = server.replace(/\/[^/]*$/, `/${name}`);
  return {
    url,
    name,
    sql: <Row extends object>(text: string) => connection(engine, url, (ask) => ask(text)) as Promise<Row[]>,
  };
}
