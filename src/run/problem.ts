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
  // ACCESS_DENIED; its words name the right that is missing.
  if (error instanceof ClickHouseError && error.code === '497') {
    return {
      code: 'ENGINE_PERMISSION',
      where,
      what: 'The user of the ClickHouse server may not do what the program does.',
      why: `The server says: ${error.message}.`,
      fix: 'Grant that to the user of `engine.user`.',
    };
  }
  if (error instanceof ClickHouseError) {
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

const REPORT = 'Run again; if it stays, report it with the log of this run.';
