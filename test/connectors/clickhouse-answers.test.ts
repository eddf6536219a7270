import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { wholeResult } from '../../connectors/clickhouse/result.ts';
import { CANARY, problemOf } from './query-problem.ts';

/** The port of a web server of its own kind. */
async function serving(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const at = (port: number) => `http://shop:canary-password@127.0.0.1:${port}/shop`;

describe('a web server', () => {
  test.for([
    [502, `<h1>Bad gateway for ${CANARY}</h1>`],
    [200, `<h1>Welcome,\n${CANARY}</h1>\n`],
    [200, `{"person": "${CANARY}"}\n`],
  ] as const)('a host that is no ClickHouse: %i %s', async ([status, body]) => {
    const port = await serving((_, response) => void response.writeHead(status).end(body));

    expect(await problemOf('clickhouse', { url: at(port) })).toMatchObject({
      code: 'SOURCE_DOWN',
      what: expect.stringContaining('does not answer as the database does'),
    });
  });

  test('TLS is asked of a server without it', async () => {
    const port = await serving((_, response) => void response.end());

    expect(await problemOf('clickhouse', { url: at(port).replace('http:', 'https:') })).toMatchObject({
      code: 'SOURCE_TLS',
      what: expect.stringContaining('has no TLS'),
    });
  });
});

describe('an answer that fails after its first rows', () => {
  const error = 'Code: 395. DB::Exception: oh no: while executing. (FUNCTION_THROW_IF)';
  const rows = '1,2\n3,4\n';
  const cut = (text: string, ...at: number[]) =>
    [0, ...at].map((from, index) => Buffer.from(text.slice(from, at[index])));

  test.for([
    [
      'in a block',
      `${rows}\r\n__exception__\r\nxyz\r\n${error}\n${error.length + 1} xyz\r\n__exception__\r\n`,
    ],
    ['as it is', `${rows}${error} (version 24.3.1.1 (official build))\n`],
    ['within a row', `${rows}5,${error} (version 24.3.1.1)\n`],
  ] as const)('tells it %s, and its rows', async ([, body]) => {
    for (const stream of [[Buffer.from(body)], cut(body, 5), cut(body, rows.length + 9, rows.length + 40)]) {
      const seen: Buffer[] = [];
      const reading = (async () => {
        for await (const chunk of wholeResult(Readable.from(stream))) seen.push(chunk);
      })();

      await expect(reading).rejects.toMatchObject({ code: '395' });
      expect(Buffer.concat(seen).toString().slice(0, rows.length)).toBe(rows);
      expect(Buffer.concat(seen).toString()).not.toContain('Exception');
    }
  });

  test('what is no error passes, however long', async () => {
    const long = `${'x'.repeat(50_000)}\n`.repeat(9);
    const body = `${long}"${error} (version 1)"\n`;
    const chunks = await Array.fromAsync(wholeResult(Readable.from(cut(body, 70_000, 140_000, 450_020))));

    expect(Buffer.concat(chunks).toString()).toBe(body);
  });
});
