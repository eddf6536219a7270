import { describe, expect, test } from 'vitest';
import { openEvents } from './klaviyo-events.ts';

const settings = { profiles: true };
const NEVER = { marketing: { can_receive_sms_marketing: false, consent: 'NEVER_SUBSCRIBED' } };

/** What Klaviyo tells of the e-mail channel. */
const byEmail = (consent: string, more: object = {}) => ({
  email: { marketing: { can_receive_email_marketing: true, consent, suppression: [], ...more } },
  sms: NEVER,
});
const suppressed = (...days: string[]) => ({
  suppression: days.map((day) => ({ reason: 'UNSUBSCRIBE', timestamp: `${day}T00:00:00+00:00` })),
});
const at = (day: string) => ({ consent_timestamp: `${day}T00:00:00+00:00` });

describe('consent', () => {
  test('is what a profile said, as old as that; a suppression is a no, and silence is nothing', async () => {
    const shop = await openEvents({ settings });
    const said: [string, object][] = [
      ['yes', byEmail('SUBSCRIBED', at('2026-02-01'))],
      ['yes-once', byEmail('SUBSCRIBED')],
      ['no', byEmail('UNSUBSCRIBED', at('2026-03-01'))],
      ['no-once', byEmail('UNSUBSCRIBED', { last_updated: '2026-03-02T00:00:00+00:00' })],
      ['bounced', byEmail('SUBSCRIBED', { ...at('2026-02-01'), ...suppressed('2026-04-01', '2026-05-01') })],
      ['silent', byEmail('NEVER_SUBSCRIBED')],
    ];
    for (const [name, subscriptions] of said) {
      shop.platform.consent({ email: `${name}@shop.example` }, subscriptions as Record<string, unknown>);
    }
    shop.clock.now += 1_000;

    const { customers } = await shop.pull();

    expect(
      customers.map(({ email, email_consent, sms_consent, updated_at }) =>
        [email?.split('@')[0], email_consent, sms_consent, updated_at.slice(0, 10)].join(' '),
      ),
    ).toEqual([
      'yes yes unknown 2026-02-01',
      'yes-once yes unknown 1970-01-01',
      'no no unknown 2026-03-01',
      'no-once no unknown 2026-03-02',
      'bounced no unknown 2026-05-01',
    ]);
  });

  test('to text messages is told by itself, with its own time', async () => {
    const shop = await openEvents({ settings });
    const person = { email: 'ana@shop.example', phone_number: '+40700000001', external_id: '17' };
    shop.platform.consent(person, {
      email: byEmail('SUBSCRIBED', at('2026-02-01')).email,
      sms: {
        marketing: { can_receive_sms_marketing: false, consent: 'UNSUBSCRIBED', ...at('2026-06-01') },
      },
    });
    shop.clock.now += 1_000;

    const { customers } = await shop.pull();

    const who = {
      customer_id: '17',
      email: 'ana@shop.example',
      phone: '+40700000001',
      ads_consent: 'unknown',
    };
    expect(customers).toEqual([
      { ...who, email_consent: 'yes', sms_consent: 'unknown', updated_at: '2026-02-01T00:00:00.000Z' },
      { ...who, email_consent: 'unknown', sms_consent: 'no', updated_at: '2026-06-01T00:00:00.000Z' },
    ]);
  });

  test('comes of all profiles at first, then of those that changed', async () => {
    const shop = await openEvents({ settings });
    const yes = byEmail('SUBSCRIBED', at('2026-02-01'));
    for (const [age, count] of [
      [1_200, 150],
      [300, 120],
      [2, 1],
    ] as const) {
      shop.clock.now -= age * 86_400_000;
      for (let index = 0; index < count; index += 1) {
        shop.platform.consent({ email: `p${age}-${index}@shop.example` }, yes);
      }
      shop.clock.now += age * 86_400_000;
    }

    const first = await shop.pull();
    shop.clock.now += 10 * 86_400_000;
    const idle = await shop.pull();
    shop.platform.consent({ email: 'p300-7@shop.example' }, byEmail('UNSUBSCRIBED', at('2026-11-11')));
    shop.clock.now += 3_600_000;
    const third = await shop.pull();

    expect(new Set(first.customers.map(({ email }) => email)).size).toBe(271);
    expect(first.customers).toHaveLength(271);
    expect(idle.customers).toEqual([]);
    expect(third.customers).toMatchObject([{ email: 'p300-7@shop.example', email_consent: 'no' }]);
  });

  test('is not read where the job says so', async () => {
    const shop = await openEvents();
    shop.platform.consent({ email: 'ana@shop.example' }, byEmail('SUBSCRIBED'));

    const { customers } = await shop.pull();

    expect(customers).toEqual([]);
    expect(Object.keys(shop.sandbox.requests().klaviyo ?? {})).toEqual(['GET /metrics']);
  });
});

test('a key that may not read profiles is told so by check', async () => {
  const shop = await openEvents({ settings });
  shop.fault({
    path: '^/profiles$',
    status: 403,
    body: {
      errors: [{ id: 'x', status: 403, code: 'permission_denied', title: 'x', detail: 'x', source: {} }],
    },
  });

  await expect(shop.source().check()).rejects.toMatchObject({
    problem: { code: 'SOURCE_PERMISSION', fix: expect.stringContaining('profiles:read') },
  });
});
