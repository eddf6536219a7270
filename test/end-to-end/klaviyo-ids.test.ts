import { expect, onTestFinished, test } from 'vitest';
import { destinations, sandboxes, serveSandbox } from '../../connectors/index.ts';
import { aBuyer, openStage, type Shop } from '../run/stage.ts';

const stage = openStage();
const JOINING = 10_000;
const LEAVING = 1_000;

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`);
const LEAVERS = names('leaver', LEAVING);
const JOINERS = names('joiner', JOINING);

/** A shop whose buyers of late are kept on a list of the imitation Klaviyo. */
async function openListed() {
  const sandbox = await serveSandbox([await sandboxes.klaviyo({})], { keep_exchanges: true });
  onTestFinished(() => sandbox.close());
  const klaviyo = (more: object = {}) => ({
    destinations: [
      {
        type: 'klaviyo',
        api_key: 'sandbox',
        base_url: sandbox.url,
        consent: 'ignore',
        audiences: [{ segment: 'lifecycle.active' }],
        ...more,
      },
    ],
  });
  const shop = stage.shop({
    connectors: { klaviyo: destinations.klaviyo! },
    segments: { lifecycle: { model: 'recency', top_share: 0 } },
    ...klaviyo(),
  });
  let counted = 0;
  return {
    shop,
    klaviyo,
    /** The requests since the last call: those that write, and pages of profiles that were looked up. */
    requests() {
      const all = sandbox.exchanges.slice(counted).map(({ request }) => `${request.method} ${request.path}`);
      counted = sandbox.exchanges.length;
      return {
        writes: all.filter((one) => !one.startsWith('GET')).length,
        look_ups: all.filter((one) => /^GET \/profiles\/?$/.test(one)).length,
      };
    },
    list: () =>
      (sandbox.state() as { klaviyo: { lists: Record<string, string[]> } }).klaviyo.lists.Active!.toSorted(),
    imported: () =>
      sandbox.exchanges
        .filter(({ request }) => request.method === 'POST' && request.path.endsWith('bulk-import-jobs'))
        .map(({ request }) => JSON.stringify(request.body)),
  };
}

function sells(shop: Shop, people: readonly string[], month: string): void {
  const pages = people.map((name) =>
    aBuyer(name, { order_id: name, ordered_at: `2026-${month}-01T12:00:00.000Z` }),
  );
  shop.holds({
    orders: pages.flatMap(({ orders = [] }) => orders),
    customers: pages.flatMap(({ customers = [] }) => customers),
  });
}

const EARLIER = '2026-03-31';
const LATER = '2026-09-30';

test.for([
  { known: true, look_ups: 0 },
  { known: false, look_ups: 10 },
])(
  '10,000 joiners and 1,000 leavers take two requests that write and $look_ups look-ups (ids known: $known)',
  { timeout: 300_000 },
  async ({ known, look_ups }) => {
    const { shop, klaviyo, requests, list } = await openListed();
    sells(shop, LEAVERS, '03');
    if (known) shop.change(klaviyo({ properties: ['orders'] }));
    await shop.run(EARLIER);
    requests();
    shop.change(klaviyo());
    sells(shop, JOINERS, '09');

    const planned = await shop.run(LATER, { send: false });
    expect(requests()).toEqual({ writes: 0, look_ups: 0 });
    const { audiences } = await shop.run(LATER);

    expect(planned.audiences).toMatchObject([{ to_add: JOINING, to_remove: LEAVING, requests: 2 }]);
    expect(audiences).toMatchObject([{ added: JOINING, removed: LEAVING, requests: 2, error: null }]);
    expect(requests()).toEqual({ writes: 2, look_ups });
    expect(list()).toEqual(JOINERS.map((name) => `${name}@example.com`));
  },
);

test(
  'properties of 1,000 people take one import, and none where nothing changed',
  { timeout: 300_000 },
  async () => {
    const { shop, klaviyo, requests, imported } = await openListed();
    shop.change(klaviyo({ properties: { Stage: 'lifecycle', Orders: 'orders', City: 'city' } }));
    sells(shop, LEAVERS, '03');
    const first = await shop.run(EARLIER);
    const made = requests();
    const second = await shop.run(EARLIER);

    expect(first.properties).toMatchObject([{ people: LEAVING, updated: LEAVING, requests: 1, error: null }]);
    // The list, its members, and the properties; ids are looked up a hundred at a time.
    expect(made).toEqual({ writes: 3, look_ups: LEAVING / 100 });
    expect(imported().at(-1)).toContain('"properties":{"Stage":"Active","Orders":1}');
    expect(second.properties).toMatchObject([{ people: 0, requests: 0 }]);
    expect(requests()).toEqual({ writes: 0, look_ups: 0 });
  },
);
