import { once } from 'node:events';
import { SyncError } from '../../connectors/index.ts';
import { startDaemon } from '../daemon/daemon.ts';
import { serveHealth } from '../daemon/health.ts';
import { jobFiles, loadJob, type Job } from '../job/load.ts';
import { JobFileError } from '../job/problems.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { listening } from './listen.ts';

/** `start`: runs until SIGTERM or SIGINT; then the batch in flight is finished and recorded, and it leaves. */
export async function start(
  context: CommandContext,
  options: { port?: number; host: string },
): Promise<ExitCode> {
  const { jobs, broken } = await loadJobs(context);
  const engine = await context.engine();
  const ready = async () => broken[0] ?? (await engineProblem(engine));
  const { port, host } = options;
  const health = port === undefined ? undefined : await listening(port, serveHealth({ port, host }, ready));
  const daemon = await startDaemon(jobs, { engine, state: context.state, log: context.log });
  if (context.json) context.print(JSON.stringify({ jobs: daemon.next(), port: health?.port ?? null }));
  context.log('started', { jobs: daemon.next(), ...(health ? { port: health.port } : {}) });
  if (!context.signal.aborted) await once(context.signal, 'abort');
  await daemon.stop();
  await health?.close();
  context.log('stopped');
  return EXIT.done;
}

/** A job file that cannot be used is told and makes the daemon not ready; the others run all the same. */
async function loadJobs(context: CommandContext): Promise<{ jobs: Job[]; broken: string[] }> {
  const files = await jobFiles(context.jobs);
  const jobs: Job[] = [];
  const broken: string[] = [];
  for (const file of files) {
    try {
      jobs.push(await loadJob(file, context));
    } catch (error) {
      if (!(error instanceof JobFileError)) throw error;
      for (const problem of error.problems) context.log('job file left out', { file, ...problem });
      broken.push(`${file} cannot be used; \`segment-sync check\` says why.`);
    }
  }
  if (jobs.some(({ schedule }) => schedule)) return { jobs, broken };
  throw new SyncError({
    code: 'CONFIG_NO_SCHEDULE',
    where: context.jobs,
    what: files.length === 0 ? 'There is no job file here.' : 'No usable job here has a schedule.',
    why: broken[0],
    fix: 'Write a job file with a `schedule`, or name the folder with --jobs.',
  });
}

async function engineProblem(
  engine: Awaited<ReturnType<CommandContext['engine']>>,
): Promise<string | undefined> {
  try {
    await engine.query('SELECT 1');
    return undefined;
  } catch {
    return 'The store does not answer.';
  }
}
