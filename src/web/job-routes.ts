import { Readable } from 'node:stream';
import { Hono, type Context } from 'hono';
import type { Job } from '../job/load.ts';
import { nothingHeld } from '../run/approve.ts';
import { exportHeld } from '../run/export-held.ts';
import { exportSegment } from '../run/export-segment.ts';
import { heldRun } from '../run/held.ts';
import { heldStatus, type HeldStatus } from '../run/job-status.ts';
import type { Env } from './access.ts';
import type { ActionName } from './actions.ts';
import { jobPath, page, type Html } from './layout.ts';
import { audiencesPage } from './pages/audiences.ts';
import { customerPage } from './pages/customer.ts';
import { heldPage } from './pages/held.ts';
import { jobFilePage } from './pages/job-file.ts';
import { busy, livePart } from './pages/live.ts';
import { runPage, runsPage } from './pages/runs.ts';
import { segmentPage } from './pages/segment.ts';
import { segmentsPage } from './pages/segments.ts';
import type { View } from './site.ts';
import type { ViewOf } from './views.ts';

type Shown = { view: View; job: Job; held: HeldStatus | null };
type Answer = Promise<Response> | Response;

/** The pages of one job, and what can be set going on it. */
export function jobRoutes(viewOf: ViewOf): Hono<Env> {
  const app = new Hono<Env>();

  const withJob =
    (answer: (context: Context<Env>, view: View, job: Job) => Answer) => (context: Context<Env>) => {
      const view = viewOf(context);
      const job = view.folder.jobs().find(({ name }) => name === context.req.param('job'));
      return job ? answer(context, view, job) : context.notFound();
    };
  const shown = (
    title: string,
    here: string,
    body: (shown: Shown, context: Context<Env>) => Promise<Html[] | undefined> | Html[],
  ) =>
    withJob(async (context, view, job) => {
      const held = await heldStatus(view.engine, job.name);
      const parts = await body({ view, job, held }, context);
      if (!parts) return context.notFound();
      const frame = { name: job.name, held: held !== null };
      return context.html(
        page({ title: `${title} · ${job.name}`, here: jobPath(job.name, here), job: frame }, parts),
      );
    });
  const begins = (name: ActionName, then: string) =>
    withJob(async (context, view, job) => {
      const { run_id } = await context.req.parseBody();
      const begun = view.actions.begin(name, job, typeof run_id === 'string' ? run_id : undefined);
      if (begun) return context.redirect(jobPath(job.name, then), 303);
      return context.html(
        page({ title: job.name, job: { name: job.name, held: false } }, busy(job.name)),
        409,
      );
    });

  app.get(
    '/:job',
    shown('Segments', '', ({ view, job }) => segmentsPage(view, job)),
  );
  app.get(
    '/:job/segments/:file{.+\\.csv}',
    withJob(async (context, view, job) => {
      const segment = context.req.param('file')!.replace(/\.csv$/, '');
      const { rows } = await exportSegment(view.engine, job, { segment });
      return csv(context, rows);
    }),
  );
  app.get(
    '/:job/segments/:segment',
    shown('Segment', '', ({ view, job }, context) => segmentPage(view, job, context.req.param('segment')!)),
  );
  app.get(
    '/:job/audiences',
    shown('Audiences', '/audiences', ({ view, job }) => audiencesPage(view, job)),
  );
  app.get(
    '/:job/runs',
    shown('Runs', '/runs', ({ view, job }) => runsPage(view, job)),
  );
  app.get(
    '/:job/runs/:run',
    shown('Run', '/runs', ({ view, job }, context) => runPage(view, job, context.req.param('run')!)),
  );
  app.get(
    '/:job/live',
    withJob((context, view, job) => context.html(livePart(view, job.name))),
  );
  app.get(
    '/:job/customer',
    shown('Customer', '/customer', ({ view, job }) => customerPage(view, job, undefined)),
  );
  app.post(
    '/:job/customer',
    shown('Customer', '/customer', async ({ view, job }, context) => {
      const { who } = await context.req.parseBody();
      return customerPage(view, job, typeof who === 'string' ? who.trim() : undefined);
    }),
  );
  app.get(
    '/:job/file',
    shown('Job file', '/file', ({ view, job }) => jobFilePage(view, job.file)),
  );
  app.get(
    '/:job/held',
    shown('Held plan', '/held', ({ view, job, held }) => heldPage(view, job, held)),
  );
  app.get(
    '/:job/held.csv',
    withJob(async (context, view, job) => {
      const held = await heldRun(view.engine, job.name);
      if (!held) throw nothingHeld(job);
      return csv(context, await exportHeld(view.engine, job.name, held));
    }),
  );
  app.post('/:job/run', begins('run', '/runs'));
  app.post('/:job/approve', begins('approve', '/held'));
  app.post('/:job/compare', begins('compare', ''));
  app.post('/:job/backtest', begins('backtest', ''));
  return app;
}

function csv(context: Context<Env>, rows: Readable): Response {
  const type = { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment' };
  return context.body(Readable.toWeb(rows) as ReadableStream, 200, type);
}
