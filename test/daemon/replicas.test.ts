import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startClickHouse } from '../connectors/clickhouse-server.ts';
import { held, membershipOn, openCrowd } from '../end-to-end/crowd.ts';
import { PASSWORD } from '../engine/door.ts';
import { scheduled, start, stopped, type Daemon } from './daemon-process.ts';

test(
  'of two daemons that share a server one runs a job at its time, and the other takes over when that dies in the middle',
  { timeout: 300_000 },
  async () => {
    const server = await startClickHouse();
    onTestFinished(() => server.stop());
    const database = await server.database();
    const shop = await openCrowd(['mailchimp', 'csv']);
    await mkdir(join(shop.folder, 'config'));
    const { origin } = new URL(server.url('owner', database.name));
    await shop.write(
      'config/settings.yaml',
      `engine: { url: '${origin}', user: owner, password: '${PASSWORD}', database: ${database.name} }\n`,
    );
    await scheduled(shop, 'crowd', 'schedule: "* * * * *"\ncatch_up: skip');
    const daemons = [await start(shop, '--state', 'one'), await start(shop, '--state', 'two')];
    const begun = ({ lines }: Daemon) => lines.some(({ msg }) => msg === 'pull');
    let killed: Daemon | undefined;
    shop.afterWrites(3, () => {
      expect(daemons.filter(begun)).toHaveLength(1);
      killed = daemons.find(begun);
      // From here on its time comes once a year, so the run is taken over and not begun anew by its schedule.
      void scheduled(shop, 'crowd', 'schedule: "0 0 29 2 *"\ncatch_up: skip').then(() =>
        killed!.process.kill('SIGKILL'),
      );
    });
    const exits = daemons.map(({ process }) => once(process, 'exit'));
    await Promise.race(exits);

    const other = daemons.find((daemon) => daemon !== killed)!;
    await other.logged('run finished', 1);
    const { code } = await stopped(other.process);

    expect(code).toBe(0);
    const { Lost } = membershipOn(new Date().toISOString().slice(0, 10));
    expect((await held(shop)).mailchimp.Lost).toEqual(Lost);
    const runs = await database.sql<{ event: string; killed: string }>(
      `SELECT event, position(detail, 'RUN_KILLED') > 0 AS killed FROM runs
       WHERE event IN ('started', 'finished') ORDER BY run_id, at`,
    );
    const ends = runs.filter(({ event }) => event === 'finished').map((end) => Number(end.killed));
    expect(runs.filter(({ event }) => event === 'started')).toHaveLength(2);
    expect(ends).toEqual([1, 0]);
  },
);
