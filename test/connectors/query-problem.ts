import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import type { Source } from '../../connectors/source.ts';
import { openSource, type Kind, type Opening } from './query-source.ts';

export const COLUMNS = { order_id: 'id', ordered_at: 'created', total: 'total' };
export const QUERY = 'SELECT id, created, total FROM orders';
/** Stands in rows and statements, and its like in passwords; no problem may tell it. */
export const CANARY = 'canary@aviary.example';

/** A source on three columns of orders, with other settings where they matter. */
export function openOrders(kind: Kind, settings: object, opening: Opening = {}): Promise<Source> {
  return openSource(kind, { query: QUERY, columns: COLUMNS, ...settings }, opening);
}

/** The error that some work ends with, which names no canary. */
export async function errorOf(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SyncError)) throw new Error(`no problem: ${String(error)}`);
  expect(JSON.stringify(error.problem)).not.toMatch(/canary|aviary/);
  expect(error.message).not.toMatch(/canary|aviary/);
  return error;
}

/** What is wrong with a source when it is checked. */
export async function problemOf(kind: Kind, settings: object): Promise<SyncError['problem']> {
  return (await errorOf((await openOrders(kind, settings)).check())).problem;
}

/** A port of this machine where nothing listens, or where `behave` does what it wants. */
export async function portOf(behave?: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave?.(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  if (behave) onTestFinished(close);
  else close();
  return port;
}
