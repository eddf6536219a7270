import { expect, test } from 'vitest';
import { SyncError } from '../../../connectors/index.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';
import { openReceiver } from './receiver.ts';
import { DAY, HOUR, watch } from './watch.ts';

const stage = openStage();

/** A shop whose platform tells when its token expires, and how often it was asked. */
async function openExpiring() {
  const receiver = await openReceiver();
  const { shop, platform } = openActiveShop(stage, { alerts: [{ type: 'webhook', url: receiver.url }] });
  let asked = 0;
  const says = (answer: () => string | null) => {
    platform.expiresAt = async () => {
      asked += 1;
      return answer();
    };
  };
  return { receiver, shop, says, asked: () => asked };
}

const at = (ms: number) => new Date(Date.now() + ms).toISOString();

test('credentials that expire within a week are told with the day, and are over once there are new ones', async () => {
  const { receiver, shop, says } = await openExpiring();
  const { look, later } = watch(stage);
  says(() => at(8 * DAY));
  await look([shop]);
  const early = receiver.requests;
  const day = at(6 * DAY);
  says(() => day);
  later(DAY);
  await look([shop]);
  says(() => null);
  later(DAY);
  await look([shop]);

  expect(early).toBe(0);
  expect(receiver.taken.map(({ body }) => body)).toMatchObject([
    {
      kind: 'token',
      key: 'token:platform',
      state: 'open',
      what: `platform: the credentials expire on ${day.slice(0, 10)}, in 5 days.`,
      fix: expect.stringContaining('new ones'),
    },
    { key: 'token:platform', state: 'recovered' },
  ]);
});

test('a destination is asked once a day, and an hour later where it did not answer', async () => {
  const { shop, says, asked } = await openExpiring();
  const { look, later, logged } = watch(stage);
  says(() => at(100 * DAY));
  await look([shop]);
  later(DAY - 1);
  await look([shop]);
  const daily = asked();
  says(() => {
    throw new SyncError({ code: 'DESTINATION_DOWN', what: 'It is down.' });
  });
  later(1);
  await look([shop]);
  later(HOUR - 1);
  await look([shop]);
  const failed = asked();
  later(1);
  await look([shop]);

  expect([daily, failed, asked()]).toEqual([1, 2, 3]);
  expect(logged[0]).toContain('DESTINATION_DOWN');
});

test('what a destination said holds while it does not answer, also for a daemon started since', async () => {
  const { receiver, shop, says } = await openExpiring();
  const { look, restart } = watch(stage);
  says(() => at(2 * DAY));
  await look([shop]);
  says(() => {
    throw new SyncError({ code: 'DESTINATION_KEY_REFUSED', what: 'It expired.' });
  });
  restart();
  await look([shop]);

  expect(receiver.taken.map(({ body }) => body.state)).toEqual(['open']);
});

test('a job file with another token is asked about at once', async () => {
  const { shop, says, asked } = await openExpiring();
  const { look } = watch(stage);
  says(() => null);
  await look([shop]);
  const [{ audiences: _, ...destination }] = [{ type: 'platform', account: 'other', audiences: [] }];
  shop.change({ destinations: [{ ...destination, audiences: [{ segment: 'lifecycle.active' }] }] });
  await look([shop]);

  expect(asked()).toBe(2);
});
