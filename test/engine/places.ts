import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Engine, openEngine } from '../../src/engine/engine.ts';
import { stateDir } from './state-dir.ts';

export type Place = {
  name: string;
  large: boolean;
  open(): Promise<{ engine: Engine; leave(): Promise<void> }>;
};

/** Everywhere the suite runs: the engine process, the same behind a URL, and the server that CLICKHOUSE_URL names. */
export const places: Place[] = [
  { name: 'engine process', large: true, open: embedded },
  { name: 'url', large: false, open: embeddedByUrl },
  ...(process.env.CLICKHOUSE_URL
    ? [{ name: 'server', large: true, open: () => server(process.env.CLICKHOUSE_URL!) }]
    : []),
];

async function embedded() {
  const state = stateDir();
  const engine = await openEngine({ state: state.path });
  const leave = async () => {
    await engine.close();
    await state[Symbol.asyncDispose]();
  };
  return { engine, leave, state: state.path };
}

async function embeddedByUrl() {
  const behind = await embedded();
  const socket = join(behind.state, 'engine.sock');
  const proxy = createServer((client) => {
    const engine = connect(socket);
    client.pipe(engine).pipe(client);
    client.on('close', () => engine.destroy()).on('error', () => {});
    engine.on('close', () => client.destroy()).on('error', () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const engine = await openEngine({ url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  const leave = async () => {
    await engine.close();
    proxy.close();
    await behind.leave();
  };
  return { engine, leave };
}

async function server(url: string) {
  const database = `engine_test_${randomUUID().replaceAll('-', '')}`;
  const first = await openEngine({ url });
  await first.command(`CREATE DATABASE ${database}`);
  const engine = await openEngine({ url, database });
  const leave = async () => {
    await engine.close();
    await first.command(`DROP DATABASE ${database}`);
    await first.close();
  };
  return { engine, leave };
}
