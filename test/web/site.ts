import { onTestFinished } from 'vitest';
import { openAlerts } from '../../src/daemon/alerts/alerts.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import type { BrokenFile, JobFolder } from '../../src/daemon/job-folder.ts';
import type { Job } from '../../src/job/load.ts';
import { SettingsFile } from '../../src/job/settings.ts';
import type { RunReport } from '../../src/run/report.ts';
import type { Access } from '../../src/web/access.ts';
import { serveWeb } from '../../src/web/server.ts';
import type { Stage } from '../run/stage.ts';
import { askAs, type Answer, type Asked } from './ask-as.ts';

export type OpenSite = {
  port: number;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a form as this site's own page does. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  /** Asks until nothing goes on with a job that was set going from the page. */
  settled(job: string): Promise<void>;
  /** The runs that ended, in their order. */
  ended: RunReport[];
  logged: { message: string; fields?: object }[];
};

/** The page of a daemon that runs these jobs of a stage; both end with the test. */
export async function openSite(
  { engine, state }: Stage,
  jobs: () => readonly Job[],
  options: { access?: Access; broken?: readonly BrokenFile[]; secrets?: ReadonlySet<string> } = {},
): Promise<OpenSite> {
  const { access = {}, broken = [], secrets = new Set<string>() } = options;
  const settings = SettingsFile.parse({});
  const logged: OpenSite['logged'] = [];
  const ended: RunReport[] = [];
  const log = (message: string, fields?: object) => void logged.push({ message, fields });
  const folder: JobFolder = { jobs, broken: () => broken, look: async () => {} };
  const stop = new AbortController();
  const shared = { engine, folder, state, log, ended: (report: RunReport) => void ended.push(report) };
  const alerts = openAlerts({ engine, state, settings, secrets, signal: stop.signal, log });
  const daemon = startDaemon({ ...shared, parallel: 2, alerts, retention: settings.retention });
  const web = await serveWeb({
    port: 0,
    host: '127.0.0.1',
    site: { ...shared, settings, secrets, daemon: () => daemon },
    health: {
      troubles: async () => daemon.troubles(),
      scrape: async () => ({ type: 'text/plain; version=0.0.4', text: 'figures 1\n' }),
    },
    access,
  });
  onTestFinished(async () => {
    await web.close();
    stop.abort();
    await daemon.stop();
  });
  const own = { host: `127.0.0.1:${web.port}` };
  const ask = (path: string, headers: Record<string, string> = {}, asked: Asked = {}) =>
    askAs(web.port, path, { ...own, ...headers }, asked);
  return {
    port: web.port,
    ended,
    logged,
    get: (path, headers) => ask(path, headers),
    post: (path, fields = {}, headers = {}) =>
      ask(
        path,
        {
          'content-type': 'application/x-www-form-urlencoded',
          origin: `http://127.0.0.1:${web.port}`,
          ...headers,
        },
        { method: 'POST', body: new URLSearchParams(fields).toString() },
      ),
    async settled(job) {
      const path = `/jobs/${encodeURIComponent(job)}/live`;
      while ((await ask(path)).body.includes('data-running="true"'));
    },
  };
}
