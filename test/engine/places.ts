import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Engine, type EngineSettings, openEngine } from '../../src/engine/engine.ts';
import { canCertify } from './certificates.ts';
import { type Door, openDoor, PASSWORD, USER } from './door.ts';
import { stateDir } from './state-dir.ts';
import { CLUSTER } from './two-shards.ts';

export type Place = {
  name: string;
  open(): Promise<{ engine: Engine; leave(): Promise<void> }>;
};

/** Everywhere the suite runs: the engine process; and a server with a password and TLS. */
export const places: Place[] = [
  { name: 'engine process', open: embedded },
  { name: 'server', open: server },
];

/** What a token stores once, the imitated cluster cannot tell: its two shards are one table. */
export const cannotTellTokens = process.env.TEST_STORE === 'cluster' && !process.env.CLICKHOUSE_CLUSTER;

async function embedded() {
  const state = stateDir();
  const engine = await openEngine({ state: state.path });
  const leave = async () => {
    await engine.close();
    await state[Symbol.asyncDispose]();
  };
  return { engine, leave };
}

async function server() {
  const store = await openServerStore();
  const engine = await openEngine(store.settings);
  const leave = async () => {
    await engine.close();
    await store.leave();
  };
  return { engine, leave };
}

/** A database of its own for the program, on a server with a password and, where certificates can be made, TLS. */
export type ServerStore = {
  door: Door;
  settings: Extract<EngineSettings, { url: string }>;
  /** Runs a statement in the database without passing the door. */
  sql(statement: string): Promise<void>;
  leave(): Promise<void>;
};

type ServerOptions = {
  /** The store is divided among the shards of a cluster. */
  shards?: boolean;
};

/** The cluster that the server of CLICKHOUSE_URL is of is named by CLICKHOUSE_CLUSTER. */
export async function openServerStore({ shards = false }: ServerOptions = {}): Promise<ServerStore> {
  const door = await openDoor({ tls: canCertify, shards });
  const database = `engine_test_${randomUUID().replaceAll('-', '')}`;
  const owner = door.behind();
  const cluster = process.env.CLICKHOUSE_CLUSTER ?? CLUSTER;
  const onCluster = shards && process.env.CLICKHOUSE_CLUSTER ? ` ON CLUSTER ${cluster}` : '';
  await owner.command({ query: `CREATE DATABASE ${database}${onCluster}` });
  const inside = door.behind(database);
  const ca = canCertify ? { ca: join(door.certificates, 'ca.pem') } : {};
  return {
    door,
    settings: {
      url: door.url,
      user: USER,
      password: PASSWORD,
      database,
      ...ca,
      ...(shards ? { cluster } : {}),
    },
    sql: async (query) => void (await inside.command({ query })),
    async leave() {
      await owner.command({ query: `DROP DATABASE ${database}${onCluster}` });
      await Promise.all([owner.close(), inside.close()]);
      await door.stop();
    },
  };
}

/** @returns where TEST_STORE says that the store is; nothing for the engine process */
export async function openTestStore(): Promise<ServerStore | undefined> {
  const place = process.env.TEST_STORE;
  return place ? openServerStore({ shards: place === 'cluster' }) : undefined;
}
