import { describe, expect, test } from 'vitest';
import { portOf, problemOf } from './query-problem.ts';

describe.each([
  ['postgres', 'postgres'],
  ['mysql', 'mysql'],
  ['clickhouse', 'http'],
] as const)('%s, wherever it is', (kind, scheme) => {
  const at = (port: number) => `${scheme}://shop:canary-password@127.0.0.1:${port}/shop`;

  test('a host that is not there', async () => {
    const url = `${scheme}://shop:canary-password@nowhere.invalid/shop`;

    expect(await problemOf(kind, { url })).toMatchObject({
      code: 'SOURCE_DOWN',
      what: 'There is no host "nowhere.invalid".',
    });
  });

  test('a host on which the database is down', async () => {
    const port = await portOf();

    expect(await problemOf(kind, { url: at(port) })).toMatchObject({
      code: 'SOURCE_DOWN',
      where: `${kind} shop at 127.0.0.1:${port}`,
      what: `Nothing answers at 127.0.0.1:${port}.`,
    });
  });

  test('a host that takes connections and says nothing', { timeout: 400_000 }, async () => {
    const url = at(await portOf(() => undefined));

    expect(await problemOf(kind, { url })).toMatchObject({
      code: 'SOURCE_DOWN',
      what: expect.stringContaining('takes connections and says nothing'),
    });
  });

  test('a host that hangs up', async () => {
    const url = at(await portOf((socket) => socket.destroy()));

    expect(await problemOf(kind, { url })).toMatchObject({
      code: 'SOURCE_DOWN',
      what: expect.stringContaining('broke off'),
    });
  });
});
