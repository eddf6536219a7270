import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ChannelState } from '../../src/daemon/alerts/channel-states.ts';
import { openReceiver } from '../daemon/alerts/receiver.ts';
import { openCrowd } from '../end-to-end/crowd.ts';

type Finding = { subject: string; facts: string[]; problem: { code: string; what: string } | null };

const ofJob = (findings: Finding[]) => findings.find(({ subject }) => subject === 'job crowd')!;

test('check tells which channels there are, and tries them only where that is asked for', async () => {
  const [good, bad] = [await openReceiver(), await openReceiver()];
  bad.answer = () => ({ status: 404 });
  const shop = await openCrowd(['csv'], {
    env: { GOOD: good.url, BAD: bad.url },
    head: 'alerts: [{ type: webhook, url: "${GOOD}" }, { type: slack, url: "${BAD}", on: [failed, held] }]',
  });

  const plain = await shop.json<Finding[]>('check', 'job.yaml');
  const asked = good.requests + bad.requests;
  const { code, stdout } = await shop.cli('check', 'job.yaml', '--alerts', '--json');

  expect(ofJob(plain).facts).toContain('alerts: webhook (everything); slack (failed, held)');
  expect(asked).toBe(0);
  expect(code).toBe(1);
  const findings = (JSON.parse(stdout) as Finding[]).filter(({ subject }) => subject.startsWith('alerts'));
  expect(findings).toMatchObject([
    { subject: 'alerts webhook', facts: ['a test message was taken'], problem: null },
    { subject: 'alerts slack', facts: [], problem: { code: 'ALERT_REFUSED' } },
  ]);
  expect(good.taken).toMatchObject([{ body: { job: 'crowd', kind: 'test', state: 'open' } }]);
  expect(shop.said()).not.toContain('T0P-SECRET');
});

test('without channels check says that nobody is told, and a job may have those of the settings file', async () => {
  const receiver = await openReceiver();
  const shop = await openCrowd(['csv'], { env: { HOOK: receiver.url } });
  const none = await shop.json<Finding[]>('check', 'job.yaml');
  await shop.cli('check', 'job.yaml', '--alerts');
  const before = receiver.requests;
  await mkdir(join(shop.folder, 'config'));
  await shop.write('config/settings.yaml', 'alerts: [{ type: webhook, name: ops, url: "${HOOK}" }]\n');
  const common = await shop.json<Finding[]>('check', 'job.yaml', '--alerts');

  expect(ofJob(none).facts.join()).toContain('no alerts');
  expect(before).toBe(0);
  expect(ofJob(common).facts).toContain('alerts: ops (everything)');
  expect(receiver.taken).toHaveLength(1);
});

test('status tells of a channel that fails until it takes something again', async () => {
  const receiver = await openReceiver();
  receiver.answer = () => ({ status: 410 });
  const shop = await openCrowd(['csv'], {
    env: { HOOK: receiver.url },
    head: 'alerts: [{ type: webhook, url: "${HOOK}" }]',
  });
  const states = async () => (await shop.json<{ alerts: ChannelState[] }>('status', 'job.yaml')).alerts;

  await shop.cli('check', 'job.yaml', '--alerts');
  const failing = await states();
  const { stdout } = await shop.cli('status', 'job.yaml');
  receiver.answer = () => ({ status: 200 });
  await shop.cli('check', 'job.yaml', '--alerts');

  expect(failing).toEqual([
    {
      name: 'webhook',
      type: 'webhook',
      failing: expect.objectContaining({
        code: 'ALERT_REFUSED',
        what: expect.stringContaining('410'),
        since: expect.stringMatching(/Z$/),
      }),
    },
  ]);
  expect(stdout).toContain('alerts do not get through webhook since');
  expect(await states()).toEqual([{ name: 'webhook', type: 'webhook', failing: null }]);
});
