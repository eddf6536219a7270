import type { Stage } from './report.ts';

/** How far a stage of a run has come, or one of the things that it does side by side. */
export type Progress = {
  job: string;
  run_id: string;
  stage: Stage;
  /** The source that is read. Without a source and a destination, the stage as a whole is meant. */
  source?: string;
  destination?: string;
  /** Absent where the properties of people are sent. */
  audience?: string;
  /** Rows that were pulled, or members that were acknowledged or refused. */
  done: number;
  /** Rows that there are, or members of the change; null where nobody can say. */
  total: number | null;
  /** When the stage, or that part of it, began; milliseconds since 1970. */
  started: number;
  /** Whether it has come to its end, good or bad. */
  ended: boolean;
};

/** What a part of a stage tells of itself. */
export type Part = Pick<Progress, 'stage' | 'source' | 'destination' | 'audience'>;

/** Tells how far one part has come. */
export type Step = (done: number, total: number | null, ended?: boolean) => void;

/**
 * Opens the parts of one run for whoever follows it. What a follower throws is dropped: watching must not break a run.
 * @returns what begins a part, and tells so
 */
export function openProgress(
  ids: Pick<Progress, 'job' | 'run_id'>,
  follow: ((progress: Progress) => void) | undefined,
): (part: Part, total?: number | null) => Step {
  return (part, first = null) => {
    const started = Date.now();
    const step: Step = (done, total, ended = false) => {
      try {
        follow?.({ ...ids, ...part, done, total, started, ended });
      } catch {
        return;
      }
    };
    step(0, first);
    return step;
  };
}
