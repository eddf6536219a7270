import { ClickHouseError } from '@clickhouse/client';
import { SyncError, type Problem } from '../../connectors/index.ts';

/** Any error as people may see it. One that nobody foresaw may hold anything, so only its kind is told. */
export function asProblem(error: unknown, where: string): Problem {
  if (error instanceof SyncError) return error.problem;
  if (error instanceof Error && error.name === 'AbortError') {
    return {
      code: 'RUN_INTERRUPTED',
      where,
      what: 'The run was asked to stop; what was acknowledged is recorded.',
      fix: 'Nothing to do: the next run sends only what is missing.',
    };
  }
  if (error instanceof ClickHouseError) {
    const known = REFUSALS[error.code];
    if (known) return { ...known, where, why: `The engine says: ${error.message}.` };
    return {
      code: 'ENGINE_ERROR',
      where,
      what: `The engine refused a statement (${error.code} ${error.type}).`,
      fix: REPORT,
    };
  }
  return {
    code: 'INTERNAL',
    where,
    what: `An unexpected ${error instanceof Error ? error.name : 'failure'}.`,
    fix: REPORT,
  };
}

/** What ClickHouse refuses for a reason that whoever runs it can mend, by its code. */
const REFUSALS: Record<string, Pick<Problem, 'code' | 'what' | 'fix'>> = {
  // MEMORY_LIMIT_EXCEEDED; what can be put on disk meanwhile was.
  241: {
    code: 'ENGINE_MEMORY',
    what: 'The engine may take less memory than a statement needs.',
    fix: 'Raise `engine.max_memory`, or of a server the limit of its user; then run again.',
  },
  // ACCESS_DENIED; its words name the right that is missing.
  497: {
    code: 'ENGINE_PERMISSION',
    what: 'The user of the ClickHouse server may not do what the program does.',
    fix: 'Grant that to the user of `engine.user`.',
  },
};

const REPORT = 'Run again; if it stays, report it with the log of this run.';
