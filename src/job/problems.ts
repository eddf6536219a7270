import type { Problem } from '../../connectors/index.ts';

type ConfigCode =
  | 'CONFIG_MISSING_FILE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_WRONG_TYPE'
  | 'CONFIG_WRONG_VALUE'
  | 'CONFIG_MISSING_KEY'
  | 'CONFIG_MISSING_SECRET'
  | 'CONFIG_UNKNOWN_SEGMENT'
  | 'CONFIG_DUPLICATE';

/** Steps from the top of a file to one of its settings. */
export type Path = readonly (string | number)[];

/** A problem that knows its setting, but not yet its line. `at` says whether the key or its value is meant. */
export type Finding = Omit<Problem, 'code' | 'where'> & { code: ConfigCode; path: Path; at: 'key' | 'value' };

/** A job file or settings file that cannot be used, with everything that is wrong with it; exit code 2. */
export class JobFileError extends Error {
  override readonly name = 'JobFileError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ code, where, what }) => [code, where, what].filter(Boolean).join(' ')).join('\n'));
    this.problems = problems;
  }
}

/** @returns `destinations[0].audiences[1].segment` */
export function pathText(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
