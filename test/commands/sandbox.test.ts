import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ended, openCrowd } from '../end-to-end/crowd.ts';

test('the sandbox knows the contacts it is given, tells what it holds, and leaves when it is told to', async () => {
  const shop = await openCrowd(['csv']);
  await shop.write('people.csv', 'email,status\nanna@example.com,subscribed\nbob@example.com,unsubscribed\n');
  const sandbox = shop.start('sandbox', '--people', 'people.csv', '--json');
  const [said] = (await once(sandbox.stdout!, 'data')) as [Buffer];
  const { url } = JSON.parse(said.toString()) as { url: string };
  const headers = { authorization: `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}` };
  const get = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`, { headers })).json();

  const list = await get('/3.0/lists/sandbox?include_total_contacts=true');
  const campaigns = await get('/3.0/reports?fields=reports.emails_sent');
  const state = await get('/_state');
  const requests = await get('/_requests');

  expect(list).toMatchObject({ stats: { member_count: 1, total_contacts: 2 } });
  expect(campaigns).toEqual({ reports: Array.from({ length: 4 }, () => ({ emails_sent: 2 })) });
  expect(state).toMatchObject({
    mailchimp: { tags: {} },
    klaviyo: { lists: {} },
    facebook: { audiences: {} },
  });
  expect(requests).toEqual({ mailchimp: { 'GET /lists/sandbox': 1, 'GET /reports': 1 } });
  const done = ended(sandbox);
  sandbox.kill('SIGTERM');
  expect((await done).code).toBe(0);
});

test('a file of people that cannot be read is told', async () => {
  const shop = await openCrowd(['csv']);

  const { code, stderr } = await shop.cli('sandbox', '--people', 'nowhere.csv');

  expect(code).toBe(2);
  expect(stderr).toContain('nowhere.csv');
});
