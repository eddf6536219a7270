import { createHash } from 'node:crypto';
import { deepStrictEqual } from 'node:assert';
import type { Sandbox, SandboxPerson, SandboxRequest } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';
import { DAYS, movers, openMovingShop, ORDERED, PLATFORMS, type Mover, type MovingShop } from './moves.ts';

const JOIN = 10_000;
const LEAVE = 1_000;
const STAY = 1_000;

/** What the platforms' limits leave as the fewest requests that write for this change. */
const FLOOR = { mailchimp: 20, klaviyo: 2, facebook: 2 };
/** Klaviyo tells the ids of a hundred leavers in a request. */
const LOOKUPS = LEAVE / 100;

/** What programs for the same purpose were measured to do with the same change. */
const PEERS = { left_on_list: 980, mailchimp_requests: 33_000 };

const STATUSES = ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional'];

/**
 * Ten thousand join and a thousand leave: the requests that takes, as the plan foretold them, and the three things that
 * peers were seen to get wrong. Throws where an end state is not what it must be.
 */
export async function peerFigures(folder: string): Promise<Figure[]> {
  const stays = movers('stays', STAY, ORDERED.stays);
  const leaves = movers('leaves', LEAVE, ORDERED.leaves);
  const joins = movers('joins', JOIN, ORDERED.joins);
  const people = [...stays, ...leaves, ...joins].map(({ email }, index): SandboxPerson => ({
    email,
    status: STATUSES[index % STATUSES.length]!,
  }));
  const bodies: string[] = [];
  const seen = ({ body }: SandboxRequest) => bodies.push(JSON.stringify(body) ?? '');
  await using shop = await openMovingShop(folder, [...stays, ...leaves, ...joins], { people, seen });
  await shop.run(DAYS.before);
  expectMembers(shop, [...stays, ...leaves]);
  const contacts = await contactsOf(shop.sandbox);
  const before = PLATFORMS.map((platform) => shop.requests(platform));

  const plan = await shop.run(DAYS.after, { send: false });
  const report = await shop.run(DAYS.after);

  expectMembers(shop, [...stays, ...joins]);
  deepStrictEqual(await contactsOf(shop.sandbox), contacts, 'a contact is not as it was');
  if (bodies.some((body) => /consent|subscri|suppress|opt_in|"status/.test(body)))
    throw new Error('a request spoke of consent');
  const changes = PLATFORMS.map((platform, index): Figure => {
    const { writes, lookups } = shop.requests(platform);
    const sent = writes - before[index]!.writes;
    const looked = lookups - before[index]!.lookups;
    const foretold = requestsIn(plan, platform);
    deepStrictEqual([requestsIn(report, platform), foretold], [sent, sent], `${platform}: not as foretold`);
    deepStrictEqual(looked, platform === 'klaviyo' ? LOOKUPS : 0, `${platform}: look-ups`);
    return {
      work: `10,000 join and 1,000 leave, ${platform}`,
      measured: `${sent} requests, ${foretold} foretold${looked > 0 ? `, ${looked} look-ups of ids` : ''}`,
      against: `floor ${FLOOR[platform]}`,
      ratio: sent / FLOOR[platform],
    };
  });
  const then = PLATFORMS.map((platform) => shop.requests(platform).writes);
  await shop.run(DAYS.after);
  const again = PLATFORMS.map((platform, index) => shop.requests(platform).writes - then[index]!);
  deepStrictEqual(again, [0, 0, 0], 'an unchanged run wrote');
  const onList = new Set(shop.members('klaviyo'));
  const left = leaves.filter(({ email }) => onList.has(email)).length;
  const toTag = changes[PLATFORMS.indexOf('mailchimp')]!;
  return [
    ...changes,
    { work: 'the same once more', measured: '0 requests that write', against: 'floor 0', ratio: 1 },
    await knownIds(folder),
    {
      work: 'leavers left on the Klaviyo list, of 1,000',
      measured: `${left}; ${onList.size} others there, as they must be`,
      against: `a peer: ${PEERS.left_on_list}, reported as success`,
      ratio: left / PEERS.left_on_list,
    },
    {
      work: 'requests for the Mailchimp change',
      measured: toTag.measured,
      against: `a peer: ${PEERS.mailchimp_requests.toLocaleString('en')}`,
      ratio: (toTag.ratio * FLOOR.mailchimp) / PEERS.mailchimp_requests,
    },
    {
      work: `contacts of ${people.length.toLocaleString('en')} whose status or record changed`,
      measured: '0, byte for byte',
      against: 'a peer: sends a status',
      ratio: 0,
    },
  ];
}

/** The same change where the ids of the leavers are known, since they were on the list and off it before. */
async function knownIds(folder: string): Promise<Figure> {
  const days = ['2026-01-01', '2026-05-01', '2026-05-20', '2026-09-01'] as const;
  const [first, , second, last] = days;
  const all = [
    ...movers('stays', STAY, first, '2026-03-01', second, '2026-08-01'),
    ...movers('leaves', LEAVE, first, second),
    ...movers('joins', JOIN, last),
  ];
  await using shop = await openMovingShop(folder, all, { platforms: ['klaviyo'] });
  for (const day of days.slice(0, 3)) await shop.run(day);
  const before = shop.requests('klaviyo');
  await shop.run(last);
  const after = shop.requests('klaviyo');
  const wanted = all.filter(({ ordered }) => ordered.length !== 2);
  deepStrictEqual(shop.members('klaviyo'), names(wanted));
  const [writes, lookups] = [after.writes - before.writes, after.lookups - before.lookups];
  deepStrictEqual(lookups, 0, 'ids that were known were looked up');
  return {
    work: 'the same with known ids, klaviyo',
    measured: `${writes} requests, no look-ups`,
    against: `floor ${FLOOR.klaviyo}`,
    ratio: writes / FLOOR.klaviyo,
  };
}

function requestsIn({ audiences }: { audiences: { destination: string; requests: number }[] }, type: string) {
  return audiences
    .filter(({ destination }) => destination === type)
    .reduce((sum, one) => sum + one.requests, 0);
}

function expectMembers(shop: MovingShop, wanted: readonly Mover[]): void {
  const hashed = wanted.map(({ email }) => createHash('sha256').update(email).digest('hex')).toSorted();
  deepStrictEqual(shop.members('mailchimp'), names(wanted), 'who has the Mailchimp tag');
  deepStrictEqual(shop.members('klaviyo'), names(wanted), 'who is on the Klaviyo list');
  deepStrictEqual(shop.members('facebook'), hashed, 'who is in the Facebook audience');
}

function names(all: readonly Mover[]): string[] {
  return all.map(({ email }) => email).toSorted();
}

/** Every contact of the Mailchimp list as its API shows it. */
async function contactsOf({ url }: Sandbox): Promise<string[]> {
  const contacts: string[] = [];
  const headers = { authorization: `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}` };
  for (let offset = 0; ; offset += 1000) {
    const page = `${url}/3.0/lists/sandbox/members?count=1000&offset=${offset}`;
    const { members } = (await (await fetch(page, { headers })).json()) as { members: object[] };
    if (members.length === 0) return contacts;
    contacts.push(...members.map((contact) => JSON.stringify(contact)));
  }
}
