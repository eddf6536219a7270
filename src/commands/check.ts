import { channelText } from '../daemon/alerts/channel-states.ts';
import { sendTest } from '../daemon/alerts/test-message.ts';
import { nextRuns } from '../daemon/schedule.ts';
import { jobFiles, loadJob, type Job } from '../job/load.ts';
import { withFoundAudiences } from '../run/audiences.ts';
import { JobFileError } from '../job/problems.ts';
import { newRun } from '../run/new-run.ts';
import { openDestination, openSource } from '../run/open.ts';
import { asProblem } from '../run/problem.ts';
import { rememberedOf } from '../run/remembered.ts';
import { checkSqlFile } from '../run/sql-segments.ts';
import { SyncError, type Destination, type Problem } from '../../connectors/index.ts';
import { auditFacts } from './audit.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from './command.ts';
import { problemText } from './text.ts';

/** One thing that was looked at: what it is, the facts found, or the problem. */
type Finding = { subject: string; facts: string[]; problem: Problem | null };

type CheckOptions = { offline: boolean; alerts: boolean; audit: boolean };

/**
 * `check [JOB]`: job files, sources, credentials and permissions, the engine, the next five runs. Sends nothing, but a
 * test message through every alert channel where that is asked for.
 */
export async function check(
  context: CommandContext,
  reference: string | undefined,
  options: CheckOptions,
): Promise<ExitCode> {
  const findings = [await look('engine', () => engineFacts(context))];
  if (options.audit) findings.push(await look('dependencies', () => auditFacts(context.signal)));
  const files = reference ? [reference] : await jobFiles(context.jobs);
  for (const file of files) findings.push(...(await checkJob(context, file, options)));
  if (files.length === 0)
    findings.push({ subject: context.jobs, facts: ['no job files here'], problem: null });
  context.print(context.json ? JSON.stringify(findings, undefined, 2) : findings.map(findingText).join('\n'));
  const problems = findings.flatMap(({ problem }) => problem ?? []);
  return problems.reduce<ExitCode>(
    (worst, { code }) => Math.max(worst, exitCodeOf(code)) as ExitCode,
    EXIT.done,
  );
}

async function checkJob(context: CommandContext, file: string, options: CheckOptions): Promise<Finding[]> {
  let job: Job;
  try {
    job = await loadJob(file, context);
  } catch (error) {
    if (!(error instanceof JobFileError)) throw error;
    return error.problems.map((problem) => ({ subject: file, facts: [], problem }));
  }
  const next = nextRuns(job, 5);
  const findings: Finding[] = [
    {
      subject: `job ${job.name}`,
      facts: [
        next.length > 0 ? `next runs (UTC): ${next.join(', ')}` : 'no schedule: it runs when you run it',
        channelText(job.alerts ?? context.settings.alerts),
      ],
      problem: null,
    },
  ];
  const run = { job, cut: context.signal, log: context.log };
  for (const source of job.sources) {
    findings.push(
      await look(`source ${source.definition.type}`, async () => {
        const { signal, log } = context;
        const opened = await openSource({ job, engine: await context.engine(), signal, log }, source);
        return opened.check();
      }),
    );
  }
  for (const file of job.sql_files) {
    findings.push(
      await look(`segment custom.${file.name}`, async () => {
        const engine = await context.engine();
        const { signal, log } = context;
        await checkSqlFile(await newRun(engine, job, { signal, cut: signal, log }), file);
        return [file.comment];
      }),
    );
  }
  if (options.alerts) findings.push(...(await testAlerts(context, job)));
  if (options.offline) return findings;
  for (const destination of job.destinations) {
    findings.push(
      await look(`destination ${destination.name}`, async () => {
        const connection = await openDestination(run, destination);
        const facts = await connection.check();
        return [...facts, ...(await audienceFacts(context, job, destination.name, connection))];
      }),
    );
  }
  return findings;
}

/** Sends a test message through every alert channel of a job. */
async function testAlerts(context: CommandContext, job: Job): Promise<Finding[]> {
  const engine = await context.engine();
  const channels = job.alerts ?? context.settings.alerts;
  return Promise.all(
    channels.map(async (channel) => {
      const subject = `alerts ${channel.name}`;
      const problem = await sendTest(engine, channel, job.name, context);
      return { subject, facts: problem ? [] : ['a test message was taken'], problem: problem ?? null };
    }),
  );
}

/** Whether each audience of a destination exists there. */
async function audienceFacts(
  context: CommandContext,
  job: Job,
  name: string,
  connection: Destination,
): Promise<string[]> {
  const engine = await context.engine();
  const { destinations } = await withFoundAudiences(engine, job);
  const destination = destinations.find((one) => one.name === name)!;
  const { known, renames } = await rememberedOf(engine, job.name, destinations, destination);
  const { audiences, definition } = destination;
  const refs = audiences.map(({ name }) => ({ name, remote_id: known.get(name)?.remote_id }));
  const there = await connection.find([...refs, ...renames.values()]);
  return audiences.map(({ name }) => {
    const audience = `${definition.audience_word} "${name}"`;
    if (there.has(name)) return `${audience} is there`;
    const former = renames.get(name);
    if (former && there.has(former.name) && connection.rename)
      return `${audience} is there as "${former.name}": the next run renames it`;
    return `${audience} is not there yet: the first run with members for it makes it`;
  });
}

async function engineFacts(context: CommandContext): Promise<string[]> {
  const engine = await context.engine();
  const [row] = await engine.query<{ version: string; damaged: string }>(
    `SELECT version() AS version, (SELECT count() FROM system.detached_parts
       WHERE database = currentDatabase() AND startsWith(ifNull(reason, ''), 'broken')) AS damaged`,
  );
  const { version, damaged } = row!;
  if (damaged !== '0') throw damagedStore(damaged);
  return [`ClickHouse ${version}, ${context.settings.engine.url ? 'a server' : 'embedded'}`];
}

function damagedStore(parts: string): SyncError {
  return new SyncError({
    code: 'ENGINE_DAMAGED',
    where: 'engine',
    what: `${parts} pieces of the store could not be read and were set aside, as after a full disk or a power cut.`,
    why: 'Records in them, or what was known of members, may be missing.',
    fix: 'Read the sources again with `segment-sync run JOB --full --reconcile`. If all is in order then, delete the pieces: folders called `broken…` in `detached` folders of the state directory.',
  });
}

async function look(subject: string, facts: () => Promise<string[]>): Promise<Finding> {
  try {
    return { subject, facts: await facts(), problem: null };
  } catch (error) {
    return { subject, facts: [], problem: asProblem(error, subject) };
  }
}

function findingText({ subject, facts, problem }: Finding): string {
  if (problem) return `FAIL  ${subject}\n${problemText(problem).replaceAll(/^/gm, '      ')}`;
  return facts.map((fact) => `ok    ${subject}: ${fact}`).join('\n');
}
