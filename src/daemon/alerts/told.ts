import { createHash } from 'node:crypto';
import type { Problem } from '../../../connectors/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { AlertChannel, AlertKind } from '../../job/alert-settings.ts';
import type { Failing, News, Telling } from './due.ts';

/**
 * What alerts remember, each appended once: that a channel took a message on a condition (`told`) or on its end
 * (`recovered`), that it took a test (`tested`) or nothing (`failed`), and what a destination said of its credentials
 * (`looked`).
 */
type AlertEvent = 'told' | 'recovered' | 'tested' | 'failed' | 'looked';

/** A channel that took nothing since it last took something, and the jobs that it was to tell of. */
export type ChannelHealth = Omit<Failing, 'owed'> & { problem: Problem; jobs: string[] };

/** Names a channel by what it is called and where it leads, so that another address under the same name is another one. */
export function channelId(channel: AlertChannel): string {
  const leads = channel.type === 'email' ? [channel.to, hostOf(channel.smtp)] : [channel.url];
  const print = createHash('sha256').update(JSON.stringify(leads)).digest('hex').slice(0, 8);
  return `${channel.name}-${print}`;
}

function hostOf(smtp: Extract<AlertChannel, { type: 'email' }>['smtp']): string {
  return typeof smtp === 'string' ? new URL(smtp).host : smtp.host;
}

export type AlertStore = ReturnType<typeof alertStore>;

/**
 * What channels were told, in the store. A message counts only once this has it: until then it is sent again.
 * @param now milliseconds since 1970
 */
export function alertStore(engine: Engine, now = Date.now) {
  let last = 0;
  async function append(
    job: string,
    facts: { key: string; kind: Telling['kind']; channel: string; event: AlertEvent; detail?: object }[],
  ): Promise<void> {
    if (last === 0) {
      const [row] = await engine.query<{ newest: string }>('SELECT max(seq) AS newest FROM alerts');
      last = Number(row?.newest ?? 0);
    }
    const at = new Date(now()).toISOString();
    const rows = facts.map(({ detail = {}, ...fact }) => {
      last = Math.max(last + 1, Date.now());
      return { job, ...fact, at, seq: last, detail: JSON.stringify(detail) };
    });
    await engine.insert('alerts', rows, { token: `${job}:${facts[0]?.channel ?? ''}:${last}` });
  }

  return {
    /** What channels took on a job and is not over for them. */
    async open(job: string): Promise<Telling[]> {
      const rows = await engine.query<{
        key: string;
        channel: string;
        kind: Telling['kind'];
        told_at: string;
        told: string;
      }>(
        `SELECT key, channel, argMax(kind, seq) AS kind, argMax(at, seq) AS told_at, argMax(detail, seq) AS told
         FROM alerts WHERE job = {job:String} AND event IN ('told', 'recovered')
         GROUP BY key, channel HAVING argMax(event, seq) = 'told'`,
        { job },
      );
      return rows.map(({ told, told_at, ...row }) => ({
        ...row,
        at: told_at,
        ...(JSON.parse(told) as Pick<Telling, 'what' | 'since' | 'run_id'>),
      }));
    },

    /** The jobs of which some channel was told a condition of a kind that is not over for it. */
    async jobsTold(kind: AlertKind): Promise<string[]> {
      const rows = await engine.query<{ job: string }>(
        `SELECT DISTINCT job FROM (
           SELECT job, key, channel FROM alerts WHERE kind = {kind:String} AND event IN ('told', 'recovered')
           GROUP BY job, key, channel HAVING argMax(event, seq) = 'told')`,
        { kind },
      );
      return rows.map(({ job }) => job);
    },

    /** The channels that took nothing since they last took something, by id. */
    async failing(): Promise<Map<string, ChannelHealth>> {
      const rows = await engine.query<{
        channel: string;
        attempts: number;
        since: string;
        last: string;
        problem: string;
        jobs: string[];
      }>(
        `SELECT channel, toUInt32(count()) AS attempts, min(at) AS since, max(at) AS last,
           argMax(detail, seq) AS problem, groupUniqArray(job) AS jobs
         FROM alerts AS alert
         LEFT JOIN (SELECT channel, max(seq) AS worked FROM alerts
                    WHERE event IN ('told', 'recovered', 'tested') GROUP BY channel) AS told USING (channel)
         WHERE event = 'failed' AND seq > ifNull(worked, 0) GROUP BY channel`,
      );
      return new Map(
        rows.map(({ channel, problem, ...row }) => [
          channel,
          { ...row, problem: JSON.parse(problem) as Problem },
        ]),
      );
    },

    told: (job: string, channel: string, news: readonly News[]) =>
      append(
        job,
        news.map(({ state, condition: { kind, key, what, since, run_id } }) => ({
          key,
          kind,
          channel,
          event: state === 'open' ? ('told' as const) : ('recovered' as const),
          detail: { what, since, run_id },
        })),
      ),

    failed: (job: string, channel: string, problem: Problem) =>
      append(job, [
        { key: `channel:${channel}`, kind: 'channel', channel, event: 'failed', detail: problem },
      ]),

    tested: (job: string, channel: string) =>
      append(job, [{ key: 'test', kind: 'test', channel, event: 'tested' }]),

    looked: (job: string, destination: string, expires_at: string | null) =>
      append(job, [
        { key: `token:${destination}`, kind: 'token', channel: '', event: 'looked', detail: { expires_at } },
      ]),

    /** When the credentials of a job's destinations expire, as they last said, by the name of the destination. */
    async expiries(job: string): Promise<Map<string, string>> {
      const rows = await engine.query<{ key: string; said: string }>(
        `SELECT key, argMax(detail, seq) AS said FROM alerts
         WHERE job = {job:String} AND event = 'looked' GROUP BY key`,
        { job },
      );
      return new Map(
        rows.flatMap(({ key, said }) => {
          const { expires_at } = JSON.parse(said) as { expires_at: string | null };
          return expires_at === null ? [] : [[key.replace('token:', ''), expires_at] as const];
        }),
      );
    },
  };
}
