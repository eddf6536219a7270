import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Received = { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> };

/** An HTTP server that takes what alerts post, until the test ends. */
export type Receiver = {
  /** Its path is a secret. */
  url: string;
  /** What it took, the first first. */
  taken: Received[];
  /** Every request, those it refused among them. */
  requests: number;
  /** What it answers to the next requests; undefined for never. */
  answer: () => { status: number; headers?: Record<string, string> } | undefined;
  /** Nobody is there any more. */
  close(): Promise<void>;
};

export async function openReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    taken: [],
    requests: 0,
    answer: () => ({ status: 204 }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      receiver.requests += 1;
      const reply = receiver.answer();
      if (!reply) return;
      if (reply.status < 300) {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        receiver.taken.push({ path: request.url ?? '', headers: request.headers, body });
      }
      response.writeHead(reply.status, reply.headers).end('the words of T0P-SECRET/hook');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  receiver.url = `http://127.0.0.1:${port}/T0P-SECRET/hook`;
  onTestFinished(receiver.close);
  return receiver;
}
