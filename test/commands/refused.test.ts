import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openCrowd } from '../end-to-end/crowd.ts';

const EXPORT = [
  'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Phone',
  '#1,anna@example.com,paid,EUR,20.00,20.00,2026-03-01 10:00:00 +0000,',
  '#2,=bob@example.com,paid,EUR,30.00,30.00,2026-03-01 10:00:00 +0000,',
  '#3,eve@example.com,paid,EUR,40.00,40.00,2026-03-01 10:00:00 +0000,',
  '',
].join('\n');

const RUN = ['run', 'job.yaml', '--as-of', '2026-03-31'];

test('refused members are counted by reason in status, and each stands in a file of export', async () => {
  const shop = await openCrowd(['mailchimp', 'csv'], {
    segment: 'lifecycle.active',
    people: [{ email: 'anna@example.com', status: 'subscribed' }],
  });
  await shop.write('orders.csv', EXPORT);
  const out = join(shop.folder, 'refused.csv');
  const early = await shop.cli('export', 'job.yaml', '--refused', '--out', out);
  expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('has not run yet') });

  const run = await shop.json(...RUN);
  const status = await shop.json<{ refused: { next_try: string }[] }>('status', 'job.yaml');
  const text = await shop.cli('status', 'job.yaml');
  const answer = await shop.json('export', 'job.yaml', '--refused', '--out', out);

  expect(run).toMatchObject({ status: 'partial', audiences: [{ added: 1, refused: 2 }, { added: 3 }] });
  const reason = run.audiences[0]!.reasons[0]!.reason;
  const audience = run.audiences[0]!.audience;
  expect(status.refused).toEqual([
    {
      destination: 'mailchimp',
      audience,
      change: 'add',
      reason,
      members: 2,
      next_try: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    },
  ]);
  const days = (Date.parse(status.refused[0]!.next_try) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThan(7);
  expect(text.stdout).toContain(status.refused[0]!.next_try.slice(0, 10));
  expect(answer).toEqual({ job: 'crowd', refused: 2, file: out });
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const rows = parse<Record<string, string>>(await readFile(out), { columns: true });
  const next_try = status.refused[0]!.next_try;
  const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
  expect(rows).toEqual(
    ["'=bob@example.com", 'eve@example.com'].map((member) => {
      return { destination: 'mailchimp', audience, change: 'add', member, reason, since, next_try };
    }),
  );
});

test('what is chosen of customers has no meaning for refused members', async () => {
  const shop = await openCrowd(['csv']);

  const { code, stderr } = await shop.cli(
    'export',
    'job.yaml',
    '--refused',
    '--columns',
    'email',
    '--out',
    'refused.csv',
  );

  expect(code).toBe(2);
  expect(stderr).toContain("'--refused' cannot be used with option '--columns");
});
