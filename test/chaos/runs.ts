import { hit, nameOf } from './blows.ts';
import type { Played } from './play.ts';
import { begunRuns, finishedRuns, hasLooked, type Daemon, type Stand, type Turn } from './stand.ts';
import { brokeOff, hasRun, lastRunOf } from './store.ts';
import type { Blow, StoryDay } from './story.ts';
import { dayAfter } from './world.ts';

/** Longer than any run on a machine with much else to do. */
const LONGEST_RUN_MS = 240_000;
/** Within this a daemon whose time has come begins; it looks every five seconds. */
const BEGINS_MS = 15_000;
/** A time that did not come, since the clock was moved meanwhile, comes with the next hour. */
const MOST_HOURS = 3;
/** When the first run of a day is due. */
export const FIRST_HOUR = 5;
/** Refusals for good are looked at again only after a week. */
const CALM_AFTER_DAYS = 8;
const MOST_CALM_RUNS = 5;

/** One run of the daemon, and what strikes it. @param hour at which it is due */
export async function strike(
  played: Played,
  { day, stays }: StoryDay,
  hour: number,
  blow: Blow | undefined,
  isFragile: boolean,
): Promise<void> {
  const { stand } = played;
  const isThere = stand.daemon?.over === false;
  const isFirst = !isThere && !(await hasRun(stand.state));
  // A run that broke off is done again at the next start, whatever the clock says.
  const resumes = !isThere && !isFirst && stays && hour > FIRST_HOUR && (await brokeOff(stand.state));
  if (isThere && !stays) await stop(played);
  const goesOn = isThere && stays;
  // Of a clock that goes back nothing is known: it goes back so far that the store is no guide either.
  const goesBack = stand.clock() > Date.parse(`${day}T${at(hour - 1, '50:00')}Z`);
  if (!goesOn && !resumes) stand.setClock(`${day}T${at(goesBack ? hour - 3 : hour - 1, '50:00')}Z`);
  const daemon = stand.start();
  const runs = finishedRuns(daemon);
  let expected = isFragile;
  if (blow) {
    stand.moments.at(blow.point, () => {
      expected ||= blow.what === 'kill' || blow.what === 'terminate';
      hit(played, blow);
    });
  }
  if (!resumes) {
    const times = goesOn ? onward(stand, day, hour) : hoursFrom(goesBack ? hour - 1 : hour);
    await bringTime(stand, daemon, day, times);
  }
  const turn = await stand.turn(daemon, runs, LONGEST_RUN_MS);
  const isHit = stand.moments.disarm();
  if (isHit && (blow?.what === 'terminate' || blow?.what === 'kill')) await daemon.exit;
  if (isHit && blow) played.done.push(`${blow.what} ${nameOf(blow.point)}`);
  if (resumes) played.done.push('resumed');
  const what = `${day}, hour ${hour}${resumes ? ', after a run that broke off' : ''}`;
  if (turn === 'nothing') played.losses.push(`no run ended on ${what}`);
  if (typeof turn === 'object' && !expected)
    played.losses.push(`the daemon ended itself on ${what}, with ${turn.exit}`);
}

/** Shows one time after the other until a run begins: a job that has never run, or whose clock was put back, misses nothing. */
async function bringTime(stand: Stand, daemon: Daemon, day: string, times: readonly string[]): Promise<void> {
  const before = begunRuns(daemon);
  const hasBegun = () => begunRuns(daemon) > before;
  await stand.until(daemon, () => hasLooked(daemon), LONGEST_RUN_MS);
  for (const time of times) {
    if (hasBegun() || daemon.over) return;
    stand.setClock(`${day}T${time}Z`);
    await stand.until(daemon, hasBegun, BEGINS_MS);
  }
}

const HOUR_MS = 3_600_000;

/**
 * The times to show a daemon that stays up: over the one that is due, or, where the clock has to go back, so far before
 * it that the daemon looks first. A clock that goes back by less than an hour brings nothing again, so it goes on to the
 * next time instead.
 */
function onward(stand: Stand, day: string, hour: number): string[] {
  const ahead = stand.clock() - Date.parse(`${day}T${over(hour)}Z`);
  if (ahead < 0) return hoursFrom(hour);
  return ahead < HOUR_MS ? hoursFrom(hour + 1) : [at(hour - 1, '59:53.000'), ...hoursFrom(hour + 1)];
}

function hoursFrom(hour: number): string[] {
  return Array.from({ length: MOST_HOURS }, (_, index) => over(hour + index));
}

function over(hour: number): string {
  return at(hour, '00:00.200');
}

function at(hour: number, rest: string): string {
  return `${String(hour).padStart(2, '0')}:${rest}`;
}

/** Puts an end to all trouble and waits until the daemon has done the whole of it once. */
export async function bringCalm(played: Played, last: string): Promise<void> {
  const { stand, losses } = played;
  // A clock that was put on may have parked somebody until later than the story's own days.
  const latest = [...stand.visited, last].toSorted().at(-1)!;
  played.day = dayAfter(latest, CALM_AFTER_DAYS);
  await stop(played);
  stand.setClock(`${played.day}T${at(FIRST_HOUR - 1, '50:00')}Z`);
  let turn: Turn = 'nothing';
  for (let run = 0; run < MOST_CALM_RUNS; run += 1) {
    const daemon = stand.start();
    const runs = finishedRuns(daemon);
    await bringTime(stand, daemon, played.day, [over(FIRST_HOUR + run)]);
    turn = await stand.turn(daemon, runs, LONGEST_RUN_MS);
    const ended = await lastRunOf(stand.state);
    if (ended?.as_of === played.day && ended.status === 'done') return stop(played);
  }
  losses.push(
    `calm did not come: the last run is ${JSON.stringify(await lastRunOf(stand.state))}, ${JSON.stringify(turn)}`,
  );
}

/** Asks the daemon to end, which it does well. */
export async function stop({ stand, losses }: Played): Promise<void> {
  const { daemon } = stand;
  if (!daemon || daemon.over) return;
  daemon.process.kill('SIGTERM');
  const timer = setTimeout(() => daemon.process.kill('SIGKILL'), 15_000);
  const code = await daemon.exit;
  clearTimeout(timer);
  if (code !== 0) losses.push(`asked to end, the daemon ended with ${code}`);
}
