import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '../../src/run/report.ts';
import { held, ledgerOf, sha256 } from '../end-to-end/crowd.ts';
import { contactsOf, type Contacts } from './contacts.ts';
import type { Played } from './play.ts';
import {
  AUDIENCES,
  customersOn,
  figuresOf,
  membersOf,
  type Customer,
  type DestinationName,
} from './reference.ts';
import { lastRunOf, leftovers } from './store.ts';
import type { Blow } from './story.ts';
import { spokenOfConsent, writesOf, type Write } from './writes.ts';

const GUEST = 'guest@elsewhere.example';
const TYPES = Object.keys(AUDIENCES) as DestinationName[];

export type Verdict = { losses: string[]; repeats: number };

/**
 * Compares everything with the reference.
 * @param before what the platforms knew of people's consent before the story
 */
export async function judge(played: Played, before: Contacts): Promise<Verdict> {
  const { stand, day, knowledge } = played;
  const { shop, state } = stand;
  const customers = customersOn(day, knowledge.at(-1)!);
  const { said, profiles } = await contactsOf(shop);
  const mine = new Set(stand.shop.sandbox.exchanges.keys());
  for (const place of played.others) mine.delete(place);
  const writes = writesOf(shop, profiles).filter(({ exchange }) => mine.has(exchange));
  const { repeats, harmful } = repeatsOf(played, writes);
  return {
    losses: [
      ...played.losses,
      ...(await wrongMembers(played, customers)),
      ...(await wrongLedger(played, customers)),
      ...changedConsent(before, said),
      ...spokenOfConsent(shop.sandbox.exchanges).map((text) => `speaks of consent: ${text.slice(0, 200)}`),
      ...strangers(played, writes),
      ...harmful,
      ...(await leftovers(state)),
      ...(await wrongFigures(played, customers)),
      ...indiscreet(played),
    ],
    repeats,
  };
}

/** @returns in words how two lists of people differ, if they do */
function difference(where: string, found: readonly string[] = [], expected: readonly string[]): string[] {
  const [has, wants] = [new Set(found), new Set(expected)];
  const missing = expected.filter((one) => !has.has(one));
  const unwanted = found.filter((one) => !wants.has(one));
  if (missing.length + unwanted.length === 0) return [];
  const some = (people: string[]) => `${people.length} (${people.slice(0, 3).join(', ')})`;
  return [`${where}: missing ${some(missing)}, unwanted ${some(unwanted)}`];
}

async function wrongMembers({ stand, guests }: Played, customers: readonly Customer[]): Promise<string[]> {
  const holds = await held(stand.shop);
  return TYPES.flatMap((type) =>
    Object.entries(membersOf(type, customers)).flatMap(([name, members]) => {
      const expected = guests.has(`${type} ${name}`) ? [...members, GUEST] : members;
      return difference(
        `${type} ${name}`,
        holds[type][name],
        expected.map(type === 'facebook' ? sha256 : String),
      );
    }),
  );
}

async function wrongLedger({ stand }: Played, customers: readonly Customer[]): Promise<string[]> {
  const ledger = await ledgerOf(stand.shop);
  return TYPES.flatMap((type) =>
    Object.entries(membersOf(type, customers)).flatMap(([name, members]) =>
      difference(`ledger of ${type} ${name}`, ledger[type]?.[name], members),
    ),
  );
}

function changedConsent(before: Contacts, after: Contacts): string[] {
  const changed = [...before].filter(([who, said]) => after.get(who) !== said);
  return changed.map(([who, said]) => `${who} was ${said} and is ${after.get(who)}`);
}

/** Whoever was added belonged there on some day that the clock has shown, by what could be known. */
function strangers({ stand, day, knowledge }: Played, writes: readonly Write[]): string[] {
  const allowed = new Set<string>();
  for (const shown of new Set([...stand.visited, day])) {
    for (const known of knowledge) {
      const customers = customersOn(shown, known);
      for (const type of TYPES)
        for (const [name, members] of Object.entries(membersOf(type, customers)))
          for (const email of members)
            allowed.add(`${type} ${name} ${type === 'facebook' ? sha256(email) : email}`);
    }
  }
  const added = writes.filter(({ op }) => op === 'add');
  return added
    .filter(({ platform, audience, member }) => !allowed.has(`${platform} ${audience} ${member}`))
    .map(
      ({ platform, audience, member }) => `${platform} ${audience} got ${member}, who never belonged there`,
    );
}

/** After these an answer may not have reached the ledger; a daemon asked to stop waits a few seconds for each. */
const LOSES_ANSWERS: ReadonlySet<string> = new Set<Blow['what']>([
  'kill',
  'kill_engine',
  'fill_disk',
  'terminate',
]);

/**
 * Members who were added or taken out twice in a row: harmless after something was killed or an answer was lost, a
 * lost fact otherwise.
 */
function repeatsOf(
  { stand, hurts }: Played,
  writes: readonly Write[],
): { repeats: number; harmful: string[] } {
  const hurtAt = hurts.filter(({ what }) => LOSES_ANSWERS.has(what)).map(({ exchanges }) => exchanges);
  const faultAt = Map.groupBy(stand.shop.sandbox.met, ({ fault }) => fault.platform);
  const last = new Map<string, Write>();
  let repeats = 0;
  const harmful: string[] = [];
  for (const write of writes) {
    const { platform, audience, op, member, exchange } = write;
    const key = `${platform} ${audience} ${member}`;
    const former = last.get(key);
    last.set(key, write);
    if (former?.op !== op) continue;
    repeats += 1;
    const within = (at: number) => at > former.exchange - 1 && at <= exchange;
    const faults = faultAt.get(platform as 'mailchimp') ?? [];
    if (hurtAt.some(within) || faults.some(({ exchanges }) => within(exchanges))) continue;
    if (stand.spoiltAt.some(within)) continue;
    harmful.push(`${key}: ${op} again at ${exchange} after ${former.exchange}, for no reason`);
  }
  return { repeats, harmful };
}

type Figures = {
  segment: string;
  customers: number;
  revenue_12m: string;
  consented: number;
  reachable: object;
};

async function wrongFigures(played: Played, customers: readonly Customer[]): Promise<string[]> {
  const { stand, day } = played;
  const expected = JSON.stringify(figuresOf(customers));
  const told = (figures: readonly Figures[]) =>
    JSON.stringify(
      figures.map(({ segment, customers, revenue_12m, consented, reachable }) => ({
        segment,
        customers,
        revenue_12m: Math.round(Number(revenue_12m) * 100),
        consented,
        reachable,
      })),
    );
  const last = await lastRunOf(stand.state);
  const report = JSON.parse(last?.detail ?? '{}') as RunReport;
  const answer = await stand.shop.json<{ as_of: string; customers: number; segments: Figures[] }>(
    'segments',
    'chaos',
    '--jobs',
    'jobs',
    '--since',
    played.since,
  );
  const losses: string[] = [];
  const prove = (where: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) losses.push(`${where}: ${String(found)} instead of ${String(wanted)}`);
  };
  prove('as_of of the report', report.as_of, day);
  prove('customers of the report', report.customers, customers.length);
  prove('segments of the report', told(report.segments ?? []), expected);
  prove('as_of of segments', answer.as_of, day);
  prove('customers of segments', answer.customers, customers.length);
  prove('segments of segments', told(answer.segments ?? []), expected);
  for (const audience of report.audiences ?? []) {
    const members = membersOf(audience.destination as DestinationName, customers)[audience.audience];
    prove(`wanted in ${audience.destination} ${audience.audience}`, audience.wanted, members?.length);
  }
  return losses;
}

/** Nothing that was said names anybody. */
function indiscreet({ stand }: Played): string[] {
  const engine = readFileSync(join(stand.state, 'engine.log'), 'utf8').split('\n');
  const naming = [...stand.said, ...engine].filter((text) => /@example\.com/.test(text));
  return naming.map((text) => `names somebody: ${text.slice(0, 200)}`);
}
