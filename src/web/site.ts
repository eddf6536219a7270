import type { Daemon } from '../daemon/daemon.ts';
import type { JobFolder } from '../daemon/job-folder.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { Settings } from '../job/settings.ts';
import type { RunReport } from '../run/report.ts';
import type { StoredOverview } from '../run/stored-overview.ts';
import type { ActionBook } from './actions.ts';
import type { Formats } from './formats.ts';

/** What the pages show, and what they can set going. */
export type Site = {
  engine: Engine;
  folder: JobFolder;
  /** Directory of the store. */
  state: string;
  settings: Settings;
  /** Undefined while it starts. */
  daemon(): ShownDaemon | undefined;
  /** Hears of every run that ended, as the daemon's own do. */
  ended(report: RunReport, seconds: number): void;
  log(message: string, fields?: object): void;
  /** Values that must never be shown. */
  secrets: ReadonlySet<string>;
};

type ShownDaemon = Pick<Daemon, 'outlook' | 'progress' | 'take'>;

/** A page's view of it: for one who looks, at one time. */
export type View = Omit<Site, 'daemon'> & {
  daemon: ShownDaemon;
  formats: Formats;
  actions: ActionBook;
  /** Of the job's last run; undefined where it has not run. */
  overview(job: Job): Promise<StoredOverview | undefined>;
  /** Paths of the job files, the broken ones too. */
  files(): string[];
};
