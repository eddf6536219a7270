import { basename, extname } from 'node:path';
import type { Problem } from '../../connectors/index.ts';
import { jobFiles, loadJob, type Job, type LoadOptions } from '../job/load.ts';
import { JobFileError } from '../job/problems.ts';

/** A job file that cannot be used as it stands. */
export type BrokenFile = {
  file: string;
  /** The job that goes on as the file said before; null where it never said anything usable. */
  job: string | null;
  problems: readonly Problem[];
};

/** The job files of a folder, as they were when last looked at. */
export type JobFolder = {
  /** The jobs to run: of a file that was broken since, its last good version. */
  jobs(): readonly Job[];
  broken(): readonly BrokenFile[];
  /** Reads every file again. */
  look(): Promise<void>;
};

type FolderOptions = LoadOptions & { folder: string; log(message: string, fields?: object): void };

/**
 * Watches a folder of job files by reading them: the mounts of containers tell nobody of changes. What the files refer
 * to, secrets and SQL, is read again with them.
 */
export function jobFolder(options: FolderOptions): JobFolder {
  const good = new Map<string, Job>();
  let broken: BrokenFile[] = [];
  return {
    jobs: () => [...good.values()],
    broken: () => broken,
    async look() {
      const { folder, log, ...load } = options;
      const before = new Map(good);
      const told = new Set(broken.map(printOf));
      const files = await jobFiles(folder);
      for (const file of before.keys()) if (!files.includes(file)) good.delete(file);
      const found: BrokenFile[] = [];
      for (const file of files) {
        try {
          const job = await loadJob(file, { ...load, jobs: folder });
          const other = [...good].find(([path, { name }]) => path !== file && name === job.name);
          if (other) throw sameName(job.name, file, other[0]);
          good.set(file, job);
        } catch (error) {
          if (!(error instanceof JobFileError)) throw error;
          found.push({ file, job: good.get(file)?.name ?? null, problems: error.problems });
        }
      }
      broken = found;
      for (const one of broken.filter((one) => !told.has(printOf(one))))
        for (const problem of one.problems)
          log('job file cannot be used', { file: one.file, goes_on: one.job, ...problem });
      for (const file of new Set([...before.keys(), ...good.keys()])) {
        const [old, job] = [before.get(file), good.get(file)];
        if (!job) log('job file removed', { file, job: old!.name });
        else if (!old) log('job file found', { file, job: job.name, schedule: job.schedule });
        else if (settingsOf(old) !== settingsOf(job))
          log('job file changed', { file, job: job.name, schedule: job.schedule });
      }
    },
  };
}

/** The job that a file is of; one that was never usable is named for the job that it may be. */
export function jobOf({ job, file }: Pick<BrokenFile, 'job' | 'file'>): string {
  return job ?? basename(file, extname(file));
}

function sameName(name: string, file: string, other: string): JobFileError {
  return new JobFileError([
    {
      code: 'CONFIG_DUPLICATE',
      where: file,
      what: `The job is called "${name}", as that of ${other} is.`,
      fix: 'Give each job a name of its own.',
    },
  ]);
}

function printOf({ file, problems }: BrokenFile): string {
  return JSON.stringify([file, problems]);
}

function settingsOf(job: Job): string {
  return JSON.stringify(job);
}
