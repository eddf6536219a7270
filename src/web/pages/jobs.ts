import { html } from 'hono/html';
import type { BrokenFile } from '../../daemon/job-folder.ts';
import type { Job } from '../../job/load.ts';
import { jobStatus, type AudienceStatus, type JobStatus } from '../../run/job-status.ts';
import { badge, dataTable, empty, figures, notes, notice, type Mood } from '../pieces.ts';
import { jobPath, page, type Html } from '../layout.ts';
import type { View } from '../site.ts';
import { fileLink } from './job-file.ts';

/** The first page: every job at a glance. */
export async function jobsPage(view: View): Promise<Html> {
  const { engine, folder, state } = view;
  const jobs = folder.jobs().toSorted((a, b) => a.name.localeCompare(b.name));
  const broken = folder.broken();
  if (jobs.length + broken.length === 0) {
    return page({ title: 'Jobs', here: '/' }, [
      html`<h1>Jobs</h1>`,
      empty(
        'No job yet',
        html`<p>Write the first job file with <code>segment-sync init</code>. It appears here by itself.</p>`,
      ),
    ]);
  }
  const known = await Promise.all(
    jobs.map(async (job) => [job, await jobStatus(engine, job, state)] as const),
  );
  return page({ title: 'Jobs', here: '/' }, [
    html`<h1>Jobs</h1>`,
    summary(view, known),
    ...(broken.length > 0 ? [brokenFiles(broken)] : []),
    html`<ul class="cards">
      ${known.map(([job, status]) => html`<li>${card(view, job, status)}</li>`)}
    </ul>`,
  ]);
}

/** Whether everything is in order, before any detail. */
function summary(view: View, known: readonly (readonly [Job, JobStatus])[]): Html {
  const outlook = view.daemon.outlook();
  const count = (has: (job: Job, status: JobStatus) => boolean) =>
    known.filter(([job, status]) => has(job, status)).length;
  return figures([
    ['Jobs', view.formats.whole(known.length)],
    ['Run now', view.formats.whole(count((_, { running }) => running))],
    ['Wait for you', view.formats.whole(count((_, { held }) => held !== null))],
    ['Failed', view.formats.whole(count((_, { last }) => last?.status === 'failed'))],
    ['Overdue', view.formats.whole(count(({ name }) => outlook.get(name)?.overdue ?? false))],
  ]);
}

function brokenFiles(broken: readonly BrokenFile[]): Html {
  const waiting = broken.filter(waitsForSecrets);
  const wrong = broken.filter((file) => !waitsForSecrets(file));
  return html`${
    wrong.length > 0
      ? notice(
          'bad',
          html`<h2>Job files that cannot be used</h2>
            <ul>
              ${wrong.map(
                ({ file, job, problems }) =>
                  html`<li>
                    ${fileLink(file)}: ${problems[0]?.what}
                    ${job === null ? 'It does not run.' : html`The job ${job} runs as the file said before.`}
                  </li>`,
              )}
            </ul>`,
        )
      : ''
  }
  ${
    waiting.length > 0
      ? notes(
          'Job files that wait for their keys',
          waiting.map(({ file, problems }) => html`${fileLink(file)}: ${problems[0]?.what}`),
        )
      : ''
  }`;
}

/** Nothing is wrong with such a file but that what stands outside it is not there yet, as with a job to copy from. */
function waitsForSecrets({ job, problems }: BrokenFile): boolean {
  return job === null && problems.every(({ code }) => code === 'CONFIG_MISSING_SECRET');
}

function card(view: View, job: Job, status: JobStatus): Html {
  const { formats, daemon } = view;
  const { next, overdue } = daemon.outlook().get(job.name) ?? {};
  const nextTime = next === undefined ? undefined : new Date(next).toISOString();
  return html`<article class="card" aria-labelledby="job-${job.name}">
    <header>
      <h2 id="job-${job.name}"><a href="${jobPath(job.name)}">${job.name}</a></h2>
      ${jobBadge(status)} ${overdue ? badge('bad', 'overdue') : ''}
    </header>
    ${figures([
      [
        'Last run',
        status.finished_at === null
          ? 'never'
          : html`<time
              datetime="${status.finished_at}"
              title="${formats.moment(status.finished_at, job.timezone)}"
              >${formats.relative(status.finished_at)}</time
            >`,
      ],
      [
        'Next run',
        nextTime === undefined
          ? 'no schedule'
          : html`<time datetime="${nextTime}">${formats.moment(nextTime, job.timezone)}</time>`,
      ],
      ['Customers', status.last ? formats.whole(status.last.customers) : '–'],
    ])}
    ${status.audiences.length === 0 ? '' : ages(view, job, status)}
  </article>`;
}

/** How old each audience is: when it was last known to equal its segment. By destination, the oldest first. */
function ages({ formats }: View, job: Job, { audiences }: JobStatus): Html {
  const columns = [
    { heading: 'Audience' },
    { heading: 'Members', numeric: true },
    { heading: 'In step with its segment' },
  ];
  const oldest = ({ synced_at }: AudienceStatus) =>
    synced_at === null ? 'not all sent yet' : `the oldest in step ${formats.relative(synced_at)}`;
  const age = (synced_at: string | null) => (synced_at === null ? 'never' : formats.relative(synced_at));
  return html`${Object.entries(Object.groupBy(audiences, ({ destination }) => destination)).map(
      ([destination, its = []]) => {
        const sorted = its.toSorted((a, b) => (a.synced_at ?? '').localeCompare(b.synced_at ?? ''));
        const rows = sorted.map(({ audience, held, synced_at }) => [
          audience,
          formats.whole(held),
          age(synced_at),
        ]);
        return html`<details>
          <summary>
            ${destination}: ${counted(formats, its.length, 'audience')}, ${oldest(sorted[0]!)}
          </summary>
          ${dataTable(`Audiences of ${job.name} at ${destination}, the oldest first`, columns, rows)}
        </details>`;
      },
    )}
    <p><a href="${jobPath(job.name, '/audiences')}">Audiences of ${job.name} in full</a></p>`;
}

function counted({ whole }: View['formats'], count: number, word: string): string {
  return `${whole(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** How a job is, as one badge. */
function jobBadge({ running, held, last }: JobStatus): Html {
  if (running) return badge('quiet', 'runs now');
  if (held) return badge('warn', 'held: waits for you');
  return last ? badge(MOODS[last.status], last.status) : badge('quiet', 'has not run yet');
}

export const MOODS: Record<NonNullable<JobStatus['last']>['status'], Mood> = {
  done: 'good',
  partial: 'warn',
  held: 'warn',
  failed: 'bad',
};
