import { join } from 'node:path';
import { destinations } from '../../connectors/index.ts';
import type { Figure } from './figure.ts';
import { openOwnSandbox } from './own-sandbox.ts';
import { paceFigure } from './pace-figure.ts';
import { facebookPace, klaviyoPace } from './pace-windows.ts';
import { pushDays } from './push.ts';

const JOIN = 20_000;
/** Mailchimp takes this many requests at a time, and seconds over each of this size; it tells no rate. */
const CONNECTIONS = 10;
const ANSWER_MS = 2000;

/**
 * How long the requests of a change take where the platform is the slow one and keeps to its limits, and how often
 * these are hit.
 */
export async function paceFigures(folder: string): Promise<Figure[]> {
  return [await mailchimpPace(folder), ...(await klaviyoPace()), await facebookPace()];
}

/** From the first to the last answer; the tag is made before. */
async function mailchimpPace(folder: string): Promise<Figure> {
  const platform = 'mailchimp';
  await using sandbox = await openOwnSandbox(ANSWER_MS);
  const task = { state: join(folder, 'pace'), url: sandbox.url, platform } as const;
  await pushDays({ ...task, days: [{ from: 0, members: 10 }] });
  await sandbox.asked(platform);
  await pushDays({ ...task, days: [{ from: 0, members: 10 + JOIN }] });
  const { first, last, refusals } = await sandbox.asked(platform);
  const floor = destinations[platform]!.floor({ create: false, add: JOIN, remove: 0 });
  const limit = {
    words: `${floor} requests, ${CONNECTIONS} at a time, ${ANSWER_MS / 1000} s each`,
    least: (Math.ceil(floor / CONNECTIONS) * ANSWER_MS) / 1000,
  };
  const took = (last - first + ANSWER_MS) / 1000;
  return paceFigure(`${JOIN.toLocaleString('en')} joining, mailchimp`, took, limit, refusals);
}
