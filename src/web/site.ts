import type { Daemon } from '../daemon/daemon.ts';
import type { JobFolder } from '../daemon/job-folder.ts';
import type { Engine } from '../engine/engine.ts';
import type { Settings } from '../job/settings.ts';
import type { RunReport } from '../run/report.ts';
import type { ActionBook } from './actions.ts';
import type { Formats } from './formats.ts';

/** What the pages show, and what they can set going. */
export type Site = {
  engine: Engine;
  folder: JobFolder;
  /** Directory of the store. */
  state: string;
  settings: Settings;
  daemon: Pick<Daemon, 'next' | 'outlook' | 'progress' | 'take'>;
  /** Hears of every run that ended, as the daemon's own do. */
  ended(report: RunReport, seconds: number): void;
  log(message: string, fields?: object): void;
  /** Values that must never be shown. */
  secrets: ReadonlySet<string>;
};

/** A page's view of it: for one who looks, at one time. */
export type View = Site & {
  formats: Formats;
  actions: ActionBook;
};
