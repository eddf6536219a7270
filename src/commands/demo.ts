import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { loadJob } from '../job/load.ts';
import { runJob } from '../run/run.ts';
import type { AudienceReport, RunReport } from '../run/report.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { documentOf, findings } from './report.ts';
import { runText } from './run.ts';
import { openSandbox } from './sandbox.ts';
import { table } from './text.ts';
import { writeWhole } from './write-whole.ts';

/** What the demo's job file asks of its environment. */
const CREDENTIALS = {
  MAILCHIMP_API_KEY: 'sandbox-us1',
  KLAVIYO_API_KEY: 'sandbox',
  META_ACCESS_TOKEN: 'sandbox',
};

/** The last day of the sample shop's orders, so that the demo shows the same on any day. */
const LAST_DAY = '2026-11-15';

/** Nobody should wait for the imitations' counts: what they hold is compared below. */
const COUNTING_MS = 1000;

type SandboxState = {
  mailchimp: { tags: Record<string, string[]> };
  klaviyo: { lists: Record<string, string[]> };
  facebook: { audiences: Record<string, { members: string[] }> };
};

/**
 * `demo`: the sample shop against the sandbox, twice: the first run fills every audience, the second finds nothing
 * to send. Then what the sandbox holds is compared with what was wanted. It works in a store of its own, which is
 * empty at the start, as the sandbox is, and gone at the end.
 */
export async function demo(context: CommandContext): Promise<ExitCode> {
  const sandbox = await openSandbox({});
  const state = await mkdtemp(join(tmpdir(), 'segment-sync-demo-'));
  try {
    const env = { ...context.env, ...CREDENTIALS, SANDBOX_URL: sandbox.url };
    const job = await loadJob(join(context.jobs, 'demo.yaml'), { ...context, env });
    const engine = await context.engine(state);
    const { signal, progress } = context;
    const quiet = { signal, progress, log: () => undefined, counting_ms: COUNTING_MS };
    const options = { state, as_of: LAST_DAY, send: true, ...quiet };
    const first = await runJob(engine, job, options);
    const second = await runJob(engine, job, options);
    const proof = compare(first.audiences, sandbox.state() as SandboxState);
    const equal = proof.every(({ wanted, held }) => wanted === held);
    const report = join(job.folder, '../../out/demo/report.html');
    const document = await documentOf(await findings(engine, job, { state, ...quiet }), true);
    await writeWhole([document], report);
    if (context.json) context.print(JSON.stringify({ first, second, proof, equal, report }, undefined, 2));
    else context.print(demoText(first, second, proof, { jobs: job.folder, report }));
    return equal && first.status === 'done' && second.status === 'done' ? EXIT.done : EXIT.failed;
  } finally {
    await sandbox.close();
    await context.closeEngine();
    await rm(state, { recursive: true, force: true, maxRetries: 20 });
  }
}

type Proof = { destination: string; audience: string; wanted: number; held: number };

/** What each platform's sandbox holds, beside what was wanted there. */
function compare(audiences: readonly AudienceReport[], state: SandboxState): Proof[] {
  const held: Record<string, Record<string, readonly string[] | undefined>> = {
    mailchimp: state.mailchimp.tags,
    klaviyo: state.klaviyo.lists,
    facebook: Object.fromEntries(
      Object.entries(state.facebook.audiences).map(([name, { members }]) => [name, members]),
    ),
  };
  return audiences.flatMap(({ destination, audience, wanted }) => {
    const platform = held[destination];
    return platform ? [{ destination, audience, wanted, held: platform[audience]?.length ?? 0 }] : [];
  });
}

function demoText(
  first: RunReport,
  second: RunReport,
  proof: readonly Proof[],
  { jobs, report }: { jobs: string; report: string },
): string {
  const writes = second.audiences.reduce((sum, audience) => sum + audience.requests, 0);
  const equal = proof.every(({ wanted, held }) => wanted === held);
  return [
    runText(first, true),
    `The same run again: ${second.status}, ${writes} requests that write.`,
    table(
      ['platform', 'audience', 'wanted', 'held'],
      proof.map((row) => [row.destination, row.audience, row.wanted, row.held]),
    ),
    equal
      ? 'Every audience holds exactly the people of its segment.'
      : 'Some audiences are not what was wanted.',
    [
      'Where to look next:',
      `  ${relative('.', report)}          the same in pictures: open it in a browser`,
      '  out/demo/*.csv                the same segments as files',
      `  ${relative('.', join(jobs, 'demo.yaml'))}         the job that just ran, line by line`,
      '  npm run segment-sync -- init --source orders_export.csv',
      '                                a job for your own shop',
      '  npm run segment-sync -- help  every command',
    ].join('\n'),
  ].join('\n\n');
}
