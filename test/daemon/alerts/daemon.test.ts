import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../src/engine/engine.ts';
import { createTables } from '../../../src/engine/tables.ts';
import { newRunId } from '../../../src/run/state.ts';
import { openCrowd } from '../../end-to-end/crowd.ts';
import { until } from '../../engine/state-dir.ts';
import { openReceiver } from './receiver.ts';

test(
  'the daemon tells of a run as soon as it has failed, of a broken file at once, and of neither again when it is started anew',
  { timeout: 400_000 },
  async () => {
    const [own, common] = [await openReceiver(), await openReceiver()];
    const shop = await openCrowd(['csv'], {
      env: { OWN: own.url, COMMON: common.url },
      head: 'schedule: "0 5 1 * *"\nalerts: [{ type: webhook, url: "${OWN}", on: [failed, missed] }]',
    });
    await mkdir(join(shop.folder, 'jobs'));
    await mkdir(join(shop.folder, 'config'));
    const text = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    await shop.write('jobs/crowd.yaml', text.replace('path: orders.csv', 'path: ../orders.csv'));
    await shop.write('jobs/broken.yaml', 'name: broken\n');
    await shop.write('config/settings.yaml', 'alerts: [{ type: webhook, url: "${COMMON}" }]\n');
    await shop.write('orders.csv', 'Name,Email\n');
    // Two months ago it ran last, so it makes up for a time that it missed.
    const engine = await openEngine({ state: join(shop.folder, 'state') });
    await createTables(engine);
    const then = new Date(Date.now() - 62 * 86_400_000);
    const at = then.toISOString();
    const ids = { job: 'crowd', run_id: newRunId(then), at, as_of: at.slice(0, 10) };
    await engine.insert('runs', [
      { ...ids, event: 'started', detail: '{"send":true}' },
      { ...ids, event: 'finished', detail: '{"status":"done"}' },
    ]);
    const start = () => {
      const daemon = shop.start('start', '--jobs', 'jobs');
      let said = '';
      daemon.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
      daemon.stdout!.resume();
      return { daemon, said: () => said };
    };

    const noted = async () => {
      const told = "SELECT toUInt32(count()) AS count FROM alerts WHERE event = 'told'";
      const [row] = await engine.query<{ count: number }>(told);
      return row?.count;
    };

    const first = start();
    // A daemon that is killed before it has noted them tells them again.
    await until(async () => (await noted()) === 2);
    first.daemon.kill('SIGKILL');
    await once(first.daemon, 'exit');
    await shop.write('jobs/other.yaml', 'name: other\n');
    const second = start();
    await until(() => common.taken.length > 1);
    second.daemon.kill('SIGTERM');
    const [code] = (await once(second.daemon, 'exit')) as [number | null];

    await engine.close();
    expect(code).toBe(0);
    expect(common.taken.map(({ body }) => [body.job, body.kind])).toEqual([
      ['broken', 'broken'],
      ['other', 'broken'],
    ]);
    expect(own.taken.map(({ body }) => [body.job, body.kind, body.state])).toEqual([
      ['crowd', 'failed', 'open'],
    ]);
    expect(first.said() + second.said()).not.toContain('T0P-SECRET');
  },
);
