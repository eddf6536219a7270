import type { Progress } from '../run/progress.ts';

/** How far the runs of a process have come, for whoever looks in now and then. */
export type ProgressBook = {
  write(progress: Progress): void;
  /** The parts of the job's run that goes on, in the order in which they began; none where it has none. */
  read(job: string): readonly Progress[];
  /** To be called when the job's run has ended. */
  close(job: string): void;
};

export function progressBook(): ProgressBook {
  const jobs = new Map<string, Map<string, Progress>>();
  return {
    write(progress) {
      const { job, stage, source = '', destination = '', audience = '' } = progress;
      const parts = jobs.get(job) ?? new Map<string, Progress>();
      jobs.set(job, parts);
      // A run that begins anew, after its engine was lost, tells nothing of the attempt before.
      for (const [key, { run_id }] of parts) if (run_id !== progress.run_id) parts.delete(key);
      parts.set(JSON.stringify([stage, source, destination, audience]), progress);
    },
    read: (job) => [...(jobs.get(job)?.values() ?? [])],
    close: (job) => void jobs.delete(job),
  };
}
