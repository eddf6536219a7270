import { onWait } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Settings } from '../../job/settings.ts';
import { asProblem } from '../../run/problem.ts';
import { RUN_STATUSES, type RunReport } from '../../run/report.ts';
import { longestAge } from '../alerts/freshness.ts';
import { channelId } from '../alerts/told.ts';
import type { Outlook } from '../daemon.ts';
import { jobOf, type JobFolder } from '../job-folder.ts';
import { beginAtZero, countRun } from './counting.ts';
import { openFacts, type Facts } from './facts.ts';
import { kept } from './kept.ts';
import { openRegistry, type Metrics } from './registry.ts';

export type MetricsOptions = {
  engine: Engine;
  folder: Pick<JobFolder, 'jobs' | 'broken'>;
  settings: Pick<Settings, 'alerts'>;
  outlook(): Map<string, Outlook>;
  log(message: string, fields?: object): void;
};

export type DaemonMetrics = {
  /** Counts a run that ended. Never throws: a run that is not counted has ended all the same. */
  ended(report: RunReport, seconds: number): void;
  /** Everything in Prometheus' text format; what the store does not tell in time is as it was last known. */
  scrape(): Promise<{ type: string; text: string }>;
  close(): void;
};

/** Metrics of this daemon. Counters begin at 0 with it; gauges are worked out when they are asked for. */
export function openMetrics(options: MetricsOptions): DaemonMetrics {
  const { engine, folder, log } = options;
  const metrics = openRegistry();
  const { registry, counters } = metrics;
  const facts = openFacts(engine);
  const ask = kept(
    () => facts(folder.jobs()),
    (error) => log('metrics cannot be read from the store', { ...asProblem(error, 'metrics') }),
  );
  const close = onWait(({ platform, ms }) => {
    counters.waits.inc({ platform });
    counters.wait_seconds.inc({ platform }, ms / 1000);
  });
  return {
    close,
    ended(report, seconds) {
      try {
        countRun(metrics, report, seconds);
      } catch (error) {
        log('run not counted', { job: report.job, ...asProblem(error, 'metrics') });
      }
    },
    async scrape() {
      const { value, up } = await ask();
      for (const job of folder.jobs()) beginAtZero(metrics, job);
      clear(metrics);
      metrics.gauges.store_up.set(up ? 1 : 0);
      setJobs(metrics, options);
      if (value) setFacts(metrics, options, value, Date.now());
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** What is not set anew is not told. */
function clear({ gauges }: Metrics): void {
  for (const gauge of Object.values(gauges)) {
    gauge.reset();
    // Without labels, a reset leaves a 0 behind.
    gauge.remove({});
  }
}

/** What the daemon itself knows. */
function setJobs({ gauges }: Metrics, { folder, outlook }: MetricsOptions): void {
  for (const [job, { next, running, overdue }] of outlook()) {
    gauges.running.set({ job }, Number(running));
    gauges.overdue.set({ job }, Number(overdue));
    if (next !== undefined) gauges.next_due.set({ job }, next / 1000);
  }
  for (const job of folder.jobs()) {
    gauges.file_usable.set({ job: job.name }, 1);
    const longest = longestAge(job);
    if (longest !== undefined) gauges.max_age.set({ job: job.name }, longest / 1000);
  }
  for (const file of folder.broken()) gauges.file_usable.set({ job: jobOf(file) }, 0);
}

/** @param now milliseconds since 1970 */
function setFacts(
  { gauges }: Metrics,
  { folder, settings }: MetricsOptions,
  { jobs, failing, bytes, parts, memory }: Facts,
  now: number,
): void {
  for (const { name: job, last, plan_held, audiences } of jobs) {
    gauges.plan_held.set({ job }, Number(plan_held));
    if (last) {
      for (const status of RUN_STATUSES)
        gauges.last_status.set({ job, status }, Number(status === last.status));
      gauges.last_end.set({ job }, last.at / 1000);
    }
    for (const { destination, audience, members, since, drift } of audiences) {
      const labels = { job, destination, audience };
      gauges.members.set(labels, members);
      if (since !== undefined) gauges.age.set(labels, Math.max(0, now - since) / 1000);
      if (drift !== undefined) gauges.drift.set(labels, drift);
    }
  }
  for (const { name: job, alerts } of folder.jobs())
    for (const channel of alerts ?? settings.alerts)
      gauges.channel_failing.set({ job, channel: channel.name }, Number(failing.has(channelId(channel))));
  gauges.store_bytes.set(bytes);
  gauges.store_parts.set(parts);
  if (memory !== undefined) gauges.engine_memory.set(memory);
}
