import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KlaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { addGuests } from '../end-to-end/guests.ts';
import { freeDisk, hurt } from './blows.ts';
import { faultOf } from './faults.ts';
import { learn, NOTHING, type Knowledge } from './reference.ts';
import { bringCalm, FIRST_HOUR, stop, strike } from './runs.ts';
import { spoilSource, writeFiles } from './source-files.ts';
import { MAY_MOUNT, openStand, type Stand } from './stand.ts';
import type { Blow, Story, StoryDay } from './story.ts';
import { JOB, type World } from './world.ts';

/** What came of a story, for the reference to judge. */
export type Played = {
  stand: Stand;
  /** The last day, whose run ended well. */
  day: string;
  /** The last day of the trouble. */
  since: string;
  /** What could be known at some moment, the whole truth last. */
  knowledge: Knowledge[];
  /** By platform and audience, whether others put their own people in. */
  guests: Set<string>;
  /** Places of the exchanges that others made. */
  others: number[];
  /** What hurt the machine, when so many exchanges were over. */
  hurts: { what: Blow['what']; exchanges: number }[];
  /** What was done from the story, to be counted. */
  done: string[];
  losses: string[];
};

const DISK_MB = 96;

/** Opens the world of a story. */
export function standOf(story: Story): Promise<Stand> {
  const { emails } = story.world;
  const status = (index: number) =>
    index % 7 === 0 ? 'unsubscribed' : index % 11 === 0 ? 'cleaned' : 'subscribed';
  const people = emails.map((email, index) => ({ email, status: status(index) }));
  const hasDisk = story.days.some(({ blows }) => blows.some(({ what }) => what === 'fill_disk'));
  return openStand({
    people: [...people, { email: 'guest@elsewhere.example', status: 'subscribed' }],
    prepare(platform) {
      if (platform.name !== 'klaviyo') return;
      const { consent } = platform as KlaviyoSandbox;
      for (const [index, email] of emails.entries()) {
        if (index % 3 === 0) continue;
        const said = index % 3 === 1 ? 'SUBSCRIBED' : 'UNSUBSCRIBED';
        consent(
          { email },
          { email: { marketing: { consent: said, can_receive_email_marketing: index % 3 === 1 } } },
        );
      }
    },
    disk_mb: hasDisk && MAY_MOUNT ? DISK_MB : undefined,
  });
}

/** Lets a story happen, then brings calm and lets the daemon come to its end. */
export async function play(story: Story, stand: Stand): Promise<Played> {
  const played: Played = {
    stand,
    day: story.first,
    since: story.days.at(-1)!.day,
    knowledge: [],
    guests: new Set(),
    others: [],
    hurts: [],
    done: [],
    losses: [],
  };
  mkdirSync(join(stand.shop.folder, 'jobs'));
  mkdirSync(join(stand.shop.folder, 'config'));
  writeJob(stand, JOB);
  await stand.warmUp();
  writeFiles(stand, story.world, story.first, story.world.history, 0);
  played.knowledge.push(learn(NOTHING, story.world.history));
  for (const [index, day] of story.days.entries()) await playDay(played, story.world, day, index);
  await bringCalm(played, story.days.at(-1)!.day);
  return played;
}

async function playDay(played: Played, world: World, day: StoryDay, index: number): Promise<void> {
  const { stand } = played;
  const before = played.knowledge.at(-1)!;
  const changes = world.days[index]!;
  writeFiles(stand, world, day.day, changes, index + 1);
  if (day.source) {
    spoilSource(stand, day.source, changes, day.day, index + 1);
    played.done.push(`source ${day.source}`);
    const half = changes.orders.slice(0, changes.orders.length >> 1);
    const people = changes.people;
    played.knowledge.push(learn(before, { orders: [], people }), learn(before, { orders: half, people }));
  }
  played.knowledge.push(learn(before, changes));
  if (day.guests) await putGuests(played);
  for (const faulty of day.faults) {
    const fault = faultOf(faulty);
    stand.kinds.set(fault, faulty.kind);
    stand.shop.sandbox.fault(fault);
  }
  stand.slow = day.slow && { ...day.slow };
  stand.spoilt = day.spoilt;
  const spoiltBefore = stand.spoiltAt.length;
  if (day.around === 'broken_job') writeJob(stand, 'name: [');
  if (day.around === 'small_memory') await setMemory(played, '48MiB');
  if (day.around) played.done.push(`around ${day.around}`);

  const isFragile = day.around !== undefined || day.blows.some(({ what }) => what === 'fill_disk');
  const possible = day.blows.filter(({ what }) => what !== 'fill_disk' || MAY_MOUNT);
  const blows: (Blow | undefined)[] = possible.length > 0 ? possible : [undefined];
  // Two hours apart, since one may have to go on to the next hour.
  for (const [turn, blow] of blows.entries())
    await strike(played, day, FIRST_HOUR + 2 * turn, blow, isFragile);

  const slowed = (day.slow?.answers ?? 0) - (stand.slow?.answers ?? 0);
  played.done.push(...Array<string>(slowed).fill('fault slow'));
  played.done.push(...Array<string>(stand.spoiltAt.length - spoiltBefore).fill('fault spoilt_member'));
  stand.shop.sandbox.calm();
  stand.slow = undefined;
  stand.spoilt = [];
  if (day.blows.some(({ what }) => what === 'fill_disk')) hurt(played, 'fill_disk');
  freeDisk(stand);
  if (day.source) writeFiles(stand, world, day.day, changes, index + 1);
  if (day.around === 'broken_job') writeJob(stand, JOB);
  if (day.around === 'small_memory') await setMemory(played, undefined);
}

async function putGuests(played: Played): Promise<void> {
  const { shop } = played.stand;
  const names = {
    mailchimp: Object.keys(shop.state().mailchimp.tags),
    klaviyo: Object.keys(shop.state().klaviyo.lists),
    facebook: Object.keys(shop.state().facebook.audiences),
  };
  const first = shop.sandbox.exchanges.length;
  await addGuests(shop);
  for (let place = first; place < shop.sandbox.exchanges.length; place += 1) played.others.push(place);
  for (const [type, audiences] of Object.entries(names)) {
    for (const name of audiences) played.guests.add(`${type} ${name}`);
  }
  played.done.push('guests');
}

function writeJob({ shop }: Stand, text: string): void {
  const path = join(shop.folder, 'jobs', 'chaos.yaml');
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** The engine takes its memory as it starts. */
async function setMemory(played: Played, size: string | undefined): Promise<void> {
  const file = join(played.stand.shop.folder, 'config', 'settings.yaml');
  if (size === undefined) rmSync(file, { force: true });
  else writeFileSync(file, `engine: { max_memory: ${size} }\n`);
  await stop(played);
  hurt(played, 'kill_engine');
  await played.stand.killEngine();
}
