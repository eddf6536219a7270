import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openShop } from './shop.ts';

const JOB = `name: shop
currency: EUR
sources:
  - { type: csv, path: orders.csv, columns: { order_id: id, email: mail, ordered_at: date, total: amount } }
segments: { value_tier: {} }
destinations:
  - type: klaviyo
    api_key: sandbox
    base_url: \${SANDBOX_URL}
    consent: ignore
    audiences: [{ segment: value_tier.* }]
guard: { from_members: 10 }
`;

/** Everybody bought once; `rich` are those who paid most. */
function orders(rich: (customer: number) => boolean): string {
  const rows = Array.from(
    { length: 60 },
    (_, customer) =>
      `${customer},c${customer}@example.com,2026-03-0${1 + (customer % 9)},${rich(customer) ? 500 + customer : 10 + customer}`,
  );
  return `id,mail,date,amount\n${rows.join('\n')}\n`;
}

type Change = Record<'destination' | 'audience' | 'change' | 'member', string>;

type Status = {
  held: { run_id: string; guard: unknown[]; audiences: unknown[] } | null;
  last: { status: string };
};

test(
  'a held plan is told by run and status, sent by approve, and by nothing else',
  { timeout: 300_000 },
  async () => {
    const shop = await openShop();
    await shop.write('job.yaml', JOB);
    await shop.write(
      'orders.csv',
      orders((customer) => customer < 20),
    );
    await shop.json('run', 'job.yaml', '--as-of', '2026-03-31');
    const before = shop.state().klaviyo.lists;
    const writes = shop.writes();
    await shop.write(
      'orders.csv',
      orders((customer) => customer >= 40),
    );

    const held = await shop.cli('run', 'job.yaml', '--as-of', '2026-03-31');
    const status = await shop.json<Status>('status', 'job.yaml');
    const told = await shop.cli('status', 'job.yaml');
    const out = join(shop.folder, 'held.csv');
    const listed = await shop.json('export', 'job.yaml', '--held', '--out', out);

    expect(held.code).toBe(1);
    expect(held.stdout).toContain(
      'HELD: nothing was sent, since `guard` does not let the plan through unasked',
    );
    expect(held.stdout).toContain('19 of its 19 members (100 %); at most 30 % may');
    expect(held.stdout).toContain('segment-sync approve shop');
    expect(status).toMatchObject({
      last: { status: 'held' },
      held: { guard: [{ limit: 'max_removed_share' }, {}, {}] },
    });
    expect(told.stdout).toMatch(/held since .*: approve shop sends this plan/);
    const changes = parse<Change>(await readFile(out), { columns: true });
    expect(listed).toMatchObject({ run_id: status.held?.run_id, changes: changes.length });
    expect(changes[0]).toEqual({
      destination: 'klaviyo',
      audience: 'High value',
      change: 'remove',
      member: 'c10@example.com',
    });
    const leaving = changes.filter((one) => one.audience === 'High value' && one.change === 'remove');
    expect(leaving.map(({ member }) => member)).toEqual(before['High value']!.toSorted());
    expect(shop.writes()).toBe(writes);
    expect(shop.state().klaviyo.lists).toEqual(before);

    const approved = await shop.json('approve', 'job.yaml');
    const after = await shop.json<Status>('status', 'job.yaml');
    const again = await shop.cli('approve', 'job.yaml');
    const gone = await shop.cli('export', 'job.yaml', '--held', '--out', out);

    expect(approved).toMatchObject({ run_id: status.held?.run_id, status: 'done' });
    expect(after).toMatchObject({ last: { status: 'done' }, held: null });
    const high = Array.from({ length: 19 }, (_, index) => `c${41 + index}@example.com`);
    expect(shop.state().klaviyo.lists['High value']?.toSorted()).toEqual(high);
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('APPROVE_NOTHING_HELD') as string,
    });
    expect(gone).toMatchObject({ code: 1, stderr: again.stderr });
  },
);
