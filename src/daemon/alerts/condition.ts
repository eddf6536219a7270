import type { Problem } from '../../../connectors/index.ts';
import type { AlertKind } from '../../job/alert-settings.ts';
import type { BrokenFile } from '../job-folder.ts';

/** Something that is wrong with a job now, as data. Nothing in it is secret or personal. */
export type Condition = Pick<Problem, 'what' | 'why' | 'fix'> & {
  kind: AlertKind | 'test';
  /** Tells it from every other condition of the job, and is the same as long as it lasts. */
  key: string;
  /** ISO time. */
  since: string;
  run_id?: string;
  /** Of a channel that fails: its id. Nothing is told of it through itself. */
  channel?: string;
  /** Something to know rather than to mend: told once, without reminders. */
  once?: true;
  /** It may be over soon by itself: nobody new is told of it, and for those who were it is not over. */
  waits?: true;
};

/** A scheduled time that passed without a run. */
export type Missed = {
  /** ISO time. */
  due: string;
  why: string;
};

/** A job file that cannot be used is told by its first problem. */
export function brokenFile({ file, job, problems }: BrokenFile, now: number): Condition {
  const [first, ...more] = problems;
  const rest =
    more.length > 0
      ? `There ${more.length === 1 ? 'is one problem' : `are ${more.length} problems`} more.`
      : '';
  const why = [first?.where, first?.what, first?.why, rest].filter(Boolean).join(' ');
  return {
    kind: 'broken',
    key: `broken:${file}`,
    what: job
      ? `The job file ${file} cannot be used; its job goes on as it said before, until the daemon is started anew.`
      : `The job file ${file} cannot be used, so its job does not run.`,
    why,
    fix: first?.fix ?? '`segment-sync check` says what is wrong with it.',
    since: new Date(now).toISOString(),
  };
}
