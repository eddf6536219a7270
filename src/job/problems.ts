import type { ErrorCode, Problem } from '../../connectors/index.ts';

/** Steps from the top of a file to one of its settings. */
export type Path = readonly (string | number)[];

/** A problem that knows its setting, but not yet its line. `at` says whether the key or its value is meant. */
export type Finding = Omit<Problem, 'code' | 'where'> & {
  code: Extract<ErrorCode, `CONFIG_${string}`>;
  path: Path;
  at: 'key' | 'value';
};

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
