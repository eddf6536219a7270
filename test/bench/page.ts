import { join } from 'node:path';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import { SettingsFile } from '../../src/job/settings.ts';
import { computeSegments } from '../../src/run/compute.ts';
import { segmentedDetail } from '../../src/run/dated.ts';
import { newRun } from '../../src/run/new-run.ts';
import { overviewOf } from '../../src/run/overview.ts';
import { emptyReport } from '../../src/run/report.ts';
import { recordRun } from '../../src/run/state.ts';
import { serveWeb } from '../../src/web/server.ts';
import { seconds, timeFigure, type Figure } from './figure.ts';
import { JOB, makeShop } from './segments.ts';
import { AS_OF } from './shop.ts';

const ALLOWED_SECONDS = 1;
const ALLOWED_BYTES = 200_000;

/**
 * The pages of a shop of so many orders by a tenth as many customers, with a day of a month ago to compare with: the
 * time to the last byte for the first who looks after a run, and for everybody after them.
 */
export async function pageFigures(folder: string, orders: number): Promise<Figure[]> {
  const state = join(folder, 'page');
  const engine = await openEngine({ state, idle_seconds: 1 });
  try {
    await createTables(engine);
    const job = parseJob(JOB, { file: join(folder, 'job.yaml'), env: {} });
    await makeShop(engine, orders, job.sources[0]!.key);
    const { signal } = new AbortController();
    const quiet = { log: () => undefined, signal, state };
    const run = await newRun(engine, job, { ...quiet, as_of: AS_OF, cut: signal });
    const report = emptyReport(run);
    await computeSegments(run, report, (_, work) => work());
    const ids = { job: job.name, run_id: run.run_id, as_of: AS_OF };
    await recordRun(engine, ids, 'segmented', segmentedDetail(job, report));
    await overviewOf(engine, job, { ...quiet, months: 0, models: [] });
    const web = await serveWeb({
      port: 0,
      host: '127.0.0.1',
      site: {
        ...{ engine, state, settings: SettingsFile.parse({}), secrets: new Set<string>(), log: quiet.log },
        folder: { jobs: () => [job], broken: () => [], look: async () => undefined },
        daemon: () => undefined,
        ended: () => undefined,
      },
      health: { troubles: async () => [], scrape: async () => ({ type: '', text: '' }) },
      access: {},
    });
    try {
      const get = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${web.port}${path}`);
        if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
        return (await answer.text()).length;
      };
      const main = `/jobs/${job.name}`;
      const size = `${report.customers.toLocaleString('en')} customers`;
      let bytes = 0;
      const first = await seconds(async () => (bytes = await get(main)));
      const figures = [
        timeFigure(
          `the page of a job of ${size}, for the first who looks`,
          first,
          'allowed',
          ALLOWED_SECONDS,
        ),
      ];
      for (const path of [
        main,
        '/',
        `${main}/segments/lifecycle.at_risk`,
        `${main}/audiences`,
        `${main}/runs`,
      ]) {
        const took = await seconds(() => get(path));
        figures.push(
          timeFigure(`${path.replace(job.name, 'JOB')} of ${size}`, took, 'allowed', ALLOWED_SECONDS),
        );
      }
      const parts = await Promise.all(['/style.css', '/page.js'].map(get));
      const all = parts.reduce((sum, part) => sum + part, bytes);
      return [
        ...figures,
        {
          work: 'that page with style and script, not compressed',
          measured: `${Math.round(all / 1000)} kB`,
          against: `allowed ${ALLOWED_BYTES / 1000} kB`,
          ratio: all / ALLOWED_BYTES,
        },
      ];
    } finally {
      await web.close();
    }
  } finally {
    await engine.close();
  }
}
