import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { connection, serverUrl, TITLES, type Engine } from './database-connection.ts';

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

/** The server that the environment names, or one found on loopback. */
export async function findServer(engine: Engine): Promise<TestServer> {
  const found = await serverUrl(engine);
  const title = TITLES[engine];
  if ('url' in found) return { engine, title, database: () => makeDatabase(engine, found.url) };
  const { missing } = found;
  return { engine, title, missing, database: () => Promise.reject(new Error(missing)) };
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
