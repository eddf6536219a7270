import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { KlaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { addGuests } from '../end-to-end/guests.ts';
import { ownerPid } from '../engine/state-dir.ts';
import { faultOf } from './faults.ts';
import { learn, NOTHING, type Knowledge } from './reference.ts';
import { finishedRuns, MAY_MOUNT, openStand, type Daemon, type Stand, type Turn } from './stand.ts';
import { brokeOff, hasRun, lastRunOf } from './store.ts';
import type { Blow, Point, SourceTrouble, Story, StoryDay } from './story.ts';
import { dayAfter, exportOf, JOB, listOf, type Changes, type World } from './world.ts';

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
  hurts: { what: string; exchanges: number }[];
  /** What was done from the story, to be counted. */
  done: string[];
  losses: string[];
};

const DISK_MB = 96;
const LONGEST_RUN_MS = 90_000;
/** Until then a daemon has looked for the first time. */
const FIRST_LOOK_MS = 8000;
/** When the first run of a day is due. */
const FIRST_HOUR = 5;
/** Refusals for good are looked at again only after a week. */
const CALM_AFTER_DAYS = 8;
const MOST_CALM_RUNS = 5;

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
  if (day.slow) played.done.push('fault slow');
  for (const _ of day.spoilt) played.done.push('fault spoilt_member');
  if (day.around === 'broken_job') writeJob(stand, 'name: [');
  if (day.around === 'small_memory') await setMemory(played, '48MiB');
  if (day.around) played.done.push(`around ${day.around}`);

  const isFragile = day.around !== undefined || day.blows.some(({ what }) => what === 'fill_disk');
  const possible = day.blows.filter(({ what }) => what !== 'fill_disk' || MAY_MOUNT);
  const blows: (Blow | undefined)[] = possible.length > 0 ? possible : [undefined];
  for (const [turn, blow] of blows.entries()) await strike(played, day, FIRST_HOUR + turn, blow, isFragile);

  stand.shop.sandbox.calm();
  stand.slow = undefined;
  stand.spoilt = [];
  rmSync(filler(stand), { force: true });
  if (day.source) writeFiles(stand, world, day.day, changes, index + 1);
  if (day.around === 'broken_job') writeJob(stand, JOB);
  if (day.around === 'small_memory') await setMemory(played, undefined);
}

/** One run of the daemon, and what strikes it. @param hour at which it is due */
async function strike(
  played: Played,
  { day, stays }: StoryDay,
  hour: number,
  blow: Blow | undefined,
  isFragile: boolean,
): Promise<void> {
  const { stand } = played;
  const isThere = stand.daemon?.over === false;
  // A run that broke off is done again at the next start, whatever the clock says.
  const resumes = !isThere && stays && hour > FIRST_HOUR && (await brokeOff(stand.state));
  const isFirst = !isThere && !(await hasRun(stand.state));
  if (isThere && !stays) await stop(played);
  if (!resumes)
    stand.setClock(
      `${day}T${isThere && stays ? overOrBefore(stand, day, hour) : at(isFirst ? hour - 3 : hour - 1, '59:57.500')}Z`,
    );
  const daemon = stand.start();
  const runs = finishedRuns(daemon);
  let expected = isFragile;
  if (blow) {
    stand.moments.at(blow.point, () => {
      expected ||= blow.what === 'kill' || blow.what === 'terminate';
      hit(played, blow);
    });
  }
  const turn = isFirst ? await firstTurn(stand, daemon, day) : await stand.turn(daemon, runs, LONGEST_RUN_MS);
  const isHit = stand.moments.disarm();
  if (isHit && (blow?.what === 'terminate' || blow?.what === 'kill')) await daemon.exit;
  if (isHit && blow) played.done.push(`${blow.what} ${nameOf(blow.point)}`);
  if (resumes) played.done.push('resumed');
  const what = `${day}, hour ${hour}${resumes ? ', after a run that broke off' : ''}`;
  if (turn === 'nothing') played.losses.push(`no run ended on ${what}`);
  if (typeof turn === 'object' && !expected)
    played.losses.push(`the daemon ended itself on ${what}, with ${turn.exit}`);
}

/** A job that has never run has missed nothing, so its first time must come while the daemon is up. */
async function firstTurn(stand: Stand, daemon: Daemon, day: string): Promise<Turn> {
  for (const hour of [FIRST_HOUR - 2, FIRST_HOUR - 1]) {
    const turn = await stand.turn(daemon, 0, FIRST_LOOK_MS);
    if (turn !== 'nothing') return turn;
    stand.setClock(`${day}T${at(hour, '59:59.000')}Z`);
  }
  return stand.turn(daemon, 0, LONGEST_RUN_MS);
}

/** Over the time that is due, or, where the clock has to go back, so far before it that the daemon looks first. */
function overOrBefore(stand: Stand, day: string, hour: number): string {
  const over = at(hour, '00:00.200');
  return stand.clock() < Date.parse(`${day}T${over}Z`) ? over : at(hour - 1, '59:53.000');
}

function at(hour: number, rest: string): string {
  return `${String(hour).padStart(2, '0')}:${rest}`;
}

function hit(played: Played, blow: Blow): void {
  const { stand, hurts } = played;
  const { process: child } = stand.daemon!;
  hurts.push({ what: blow.what, exchanges: stand.shop.sandbox.exchanges.length });
  if (blow.what === 'kill') child.kill('SIGKILL');
  if (blow.what === 'terminate') child.kill('SIGTERM');
  if (blow.what === 'jump') stand.moveClock(blow.hours);
  if (blow.what === 'fill_disk') fillDisk(stand);
  if (blow.what === 'sleep') {
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), blow.ms);
  }
  if (blow.what === 'kill_engine') {
    const pid = ownerPid(stand.state);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }
}

function nameOf(point: Point): string {
  return 'stage' in point ? `${point.stage} ${point.at}` : point.at;
}

/** Puts an end to all trouble and waits until the daemon has done the whole of it once. */
async function bringCalm(played: Played, last: string): Promise<void> {
  const { stand, losses } = played;
  played.day = dayAfter(last, CALM_AFTER_DAYS);
  await stop(played);
  const isFirst = !(await hasRun(stand.state));
  stand.setClock(`${played.day}T${at(FIRST_HOUR - (isFirst ? 3 : 1), '59:57.500')}Z`);
  let turn: Turn = 'nothing';
  for (let run = 0; run < MOST_CALM_RUNS; run += 1) {
    if (run > 0) stand.setClock(`${played.day}T${at(FIRST_HOUR + run, '00:00.200')}Z`);
    const daemon = stand.start();
    turn =
      isFirst && run === 0
        ? await firstTurn(stand, daemon, played.day)
        : await stand.turn(daemon, finishedRuns(daemon), LONGEST_RUN_MS);
    const ended = await lastRunOf(stand.state);
    if (ended?.as_of === played.day && ended.status === 'done') return stop(played);
  }
  losses.push(
    `calm did not come: the last run is ${JSON.stringify(await lastRunOf(stand.state))}, ${JSON.stringify(turn)}`,
  );
}

/** Asks the daemon to end, which it does well. */
async function stop({ stand, losses, hurts }: Played): Promise<void> {
  const { daemon } = stand;
  if (!daemon || daemon.over) return;
  hurts.push({ what: 'stop', exchanges: stand.shop.sandbox.exchanges.length });
  daemon.process.kill('SIGTERM');
  const timer = setTimeout(() => daemon.process.kill('SIGKILL'), 15_000);
  const code = await daemon.exit;
  clearTimeout(timer);
  if (code !== 0) losses.push(`asked to end, the daemon ended with ${code}`);
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
  await played.stand.killEngine();
}

const orderFile = ({ shop }: Stand, index: number) => join(shop.folder, `orders-${index}.csv`);

/** Writes the files of a day as a shop does: whole, and changed at that day. */
function writeFiles(stand: Stand, world: World, day: string, changes: Changes, index: number): void {
  const orders = orderFile(stand, index);
  rmSync(orders, { recursive: true, force: true });
  put(orders, exportOf(changes.orders), day);
  const people = new Map(
    [world.history, ...world.days.slice(0, index)]
      .flatMap((all) => all.people)
      .map((one) => [one.email, one]),
  );
  put(join(stand.shop.folder, 'people.csv'), listOf([...people.values()]), day);
}

function put(path: string, text: string, day: string): void {
  writeFileSync(`${path}.new`, text);
  const time = new Date(`${day}T03:00:00Z`);
  utimesSync(`${path}.new`, time, time);
  renameSync(`${path}.new`, path);
}

function spoilSource(
  stand: Stand,
  trouble: SourceTrouble,
  changes: Changes,
  day: string,
  index: number,
): void {
  const path = orderFile(stand, index);
  const text = exportOf(changes.orders);
  rmSync(path);
  if (trouble === 'unreadable') mkdirSync(path);
  if (trouble === 'other_header') put(path, text.replace('Created at', 'Placed'), day);
  if (trouble === 'half_written') {
    const rows = text.split('\n').slice(0, 1 + (changes.orders.length >> 1));
    put(path, `${rows.join('\n')}\n#9`, day);
  }
}

const filler = ({ state }: Stand) => join(state, 'filler');

/** Leaves not a byte on the store's disk. */
function fillDisk(stand: Stand): void {
  const file = openSync(filler(stand), 'w');
  try {
    for (let size = 1 << 20; size >= 512; size >>= 1) {
      try {
        for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
      } catch {
        // So much does not fit any more.
      }
    }
  } finally {
    closeSync(file);
  }
}
