import { expect, test } from 'vitest';
import type { RunReport } from '../../src/run/report.ts';
import { EARLIER, LATER, membershipOn, openCrowd } from '../end-to-end/crowd.ts';

type Status = {
  job: string;
  last: { status: string; as_of: string; customers: number } | null;
  running: boolean;
  audiences: { destination: string; audience: string; remote_id: string | null; held: number }[];
};

test(
  'a plan sends nothing and foretells the requests of the run; status tells what the run left',
  {
    timeout: 180_000,
  },
  async () => {
    const shop = await openCrowd(undefined, { segment: 'lifecycle.a*' });
    const status = () => shop.json<Status>('status', 'job.yaml');
    const requests = ({ audiences }: RunReport) =>
      audiences.map(({ destination, audience, requests }) => `${destination} ${audience} ${requests}`);
    expect(await status()).toMatchObject({ job: 'crowd', last: null, running: false });

    for (const day of [EARLIER, LATER, LATER]) {
      const before = shop.writes();
      const plan = await shop.json('plan', 'job.yaml', '--as-of', day);
      expect(shop.writes()).toBe(before);
      const foretold = await status();
      const run = await shop.json('run', 'job.yaml', '--as-of', day);

      expect(run.status).toBe('done');
      expect(requests(run)).toEqual(requests(plan));
      expect(run.audiences.map(({ added, removed }) => [added, removed])).toEqual(
        plan.audiences.map(({ to_add, to_remove }) => [to_add, to_remove]),
      );
      const toPlatforms = plan.audiences.filter(({ destination }) => destination !== 'csv');
      expect(shop.writes() - before).toBe(toPlatforms.reduce((sum, { requests }) => sum + requests, 0));

      // A plan is not the last run.
      expect(foretold.last?.as_of).not.toBe(day === EARLIER ? EARLIER : undefined);
      const { last, audiences } = await status();
      expect(last).toMatchObject({ status: 'done', as_of: day, customers: 1200 });
      const { Active, 'At risk': atRisk } = membershipOn(day);
      const sizes = [Active.length, atRisk.length];
      expect(audiences.map(({ held }) => held)).toEqual([...sizes, ...sizes, ...sizes, ...sizes]);
      expect(audiences.every(({ remote_id }) => remote_id)).toBe(true);
    }
    const { stdout } = await shop.cli('status', 'job.yaml');
    expect(stdout).toContain('crowd: done');
  },
);

test('an unknown job, misspelt, is answered with the one that may be meant', async () => {
  const shop = await openCrowd(['csv']);

  for (const command of ['plan', 'run', 'status']) {
    const { code, stdout } = await shop.cli(command, 'crwd', '--jobs', '.', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ errors: [{ code: 'CONFIG_MISSING_FILE' }] });
    expect(stdout).toContain('Did you mean');
  }
});
