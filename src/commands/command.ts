import type { ErrorCode } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Settings } from '../job/settings.ts';
import type { Progress } from '../run/progress.ts';

/** What every command gets; it is the only way to the outside. */
export type CommandContext = {
  json: boolean;
  /** Absolute directory of the store. */
  state: string;
  /** Absolute directory of the job files. */
  jobs: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The version of Node, as 24.1.0. */
  node: string;
  settings: Settings;
  /** Where the settings were read; undefined where there is no such file. */
  settings_file?: string;
  /** Aborted by SIGTERM and SIGINT. */
  signal: AbortSignal;
  /** Writes to stdout, with a line end; lines are broken to fit a terminal unless they are for a program to read. */
  print(text: string, for_program?: boolean): void;
  /** One structured line on stderr. */
  log(message: string, fields?: Record<string, unknown>): void;
  /** Shows how far a run is; absent where nobody looks on. */
  progress?: (progress: Progress) => void;
  /** Whether somebody is there to answer questions. */
  asks: boolean;
  /** Values that must never be printed, added to as job files are read. */
  secrets: Set<string>;
  /** Opens the store, once; it is closed when the command ends. A `passing` one, elsewhere, is not kept running. */
  engine(passing?: string): Promise<Engine>;
  closeEngine(): Promise<void>;
};

/** Exit codes: done; a run failed, was held or left refusals; the configuration or the arguments are wrong. */
export const EXIT = { done: 0, failed: 1, misconfigured: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A problem with the job file, a source's place or an argument is the operator's to mend; any other is a failure. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  if (SOURCES_OWN_TROUBLE.has(code)) return EXIT.failed;
  return /^(CONFIG|SOURCE|SEGMENT|ARGUMENT)_/.test(code) ? EXIT.misconfigured : EXIT.failed;
}

/** What no change of the job file would mend: the source is down, slow, in disorder, or the disk is full. */
const SOURCES_OWN_TROUBLE: ReadonlySet<ErrorCode> = new Set([
  'SOURCE_ANSWER',
  'SOURCE_BROKEN',
  'SOURCE_CLOSED',
  'SOURCE_CUT_OFF',
  'SOURCE_DOWN',
  'SOURCE_GONE',
  'SOURCE_NO_ROOM',
  'SOURCE_NOT_READY',
  'SOURCE_REJECTED',
  'SOURCE_THROTTLED',
  'SOURCE_TIMEOUT',
]);
