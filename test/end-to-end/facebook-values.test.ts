import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EARLIER, LATER, membershipOn, openCrowd, sha256 } from './crowd.ts';
import type { Shop } from './shop.ts';

type Upload = { payload?: { schema: string[]; data: (string | number)[][] } };

/** The last value that Meta was sent of each person, by the hash of their address. */
function valuesSent(shop: Shop): Map<string, number> {
  const values = new Map<string, number>();
  for (const { request } of shop.sandbox.exchanges) {
    const { schema = [], data = [] } = (request.body as Upload | undefined)?.payload ?? {};
    const place = schema.indexOf('LOOKALIKE_VALUE');
    if (place < 0) continue;
    for (const row of data) values.set(String(row[schema.indexOf('EMAIL')]), Number(row[place]));
  }
  return values;
}

/** What the crowd's export says somebody has paid by the later of its days; one in twenty bought twice. */
function paid(email: string): number {
  const index = Number(/\d+/.exec(email)![0]);
  return 1000 + index + (index % 20 === 0 ? 5000 + index : 0);
}

test(
  'a seed’s members are sent with what they are worth, and sent again where that has changed',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['facebook']);
    const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    const everybody = 'custom: [{ name: buyers, where: { field: revenue, above: 0 } }] }';
    await shop.write(
      'job.yaml',
      job
        .replace(/(segments: \{.*\}) \}/, (_, segments: string) => `${segments}, ${everybody}`)
        .replace('{ segment: lifecycle.* }', '{ segment: custom.buyers, value: revenue }'),
    );
    const buyers = Object.values(membershipOn(LATER)).flat();
    const richer = buyers.filter((email) => paid(email) > 5000);

    const first = await shop.json('run', 'job.yaml', '--as-of', EARLIER);
    const plan = await shop.json('plan', 'job.yaml', '--as-of', LATER);
    const second = await shop.json('run', 'job.yaml', '--as-of', LATER);
    const writes = shop.writes();
    const third = await shop.json('run', 'job.yaml', '--as-of', LATER);

    expect(richer.length).toBe(60);
    expect(first.audiences).toMatchObject([{ added: buyers.length, updated: 0, error: null }]);
    expect(plan.audiences).toMatchObject([{ to_add: 0, to_update: richer.length, requests: 1 }]);
    expect(second.audiences).toMatchObject([{ added: 0, updated: richer.length, removed: 0, requests: 1 }]);
    const sent = valuesSent(shop);
    expect(sent.size).toBe(buyers.length);
    for (const email of buyers) expect(sent.get(sha256(email)), email).toBe(paid(email));
    expect(third.audiences).toMatchObject([{ updated: 0, requests: 0 }]);
    expect(shop.writes()).toBe(writes);
  },
);
