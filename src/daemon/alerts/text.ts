import type { News } from './due.ts';

/** One alert as a webhook gets it. What is not known is null. */
export type AlertDocument = {
  job: string;
  kind: string;
  key: string;
  state: News['state'];
  what: string;
  why: string | null;
  fix: string | null;
  run_id: string | null;
  since: string;
  at: string;
};

/** @param at ISO time of the message */
export function documentOf(job: string, { state, condition }: News, at: string): AlertDocument {
  const { kind, key, what, why = null, fix = null, run_id = null, since } = condition;
  return { job, kind, key, state, what, why, fix, run_id, since, at };
}

/** `daily-shop: failed, 3 stale, recovered: held`. */
export function subjectOf(job: string, news: readonly News[]): string {
  const open = kindsOf(news, 'open');
  const over = kindsOf(news, 'recovered');
  return `${job}: ${[...open, ...(over.length > 0 ? [`recovered: ${over.join(', ')}`] : [])].join(', ')}`;
}

function kindsOf(news: readonly News[], state: News['state']): string[] {
  const kinds = news.filter((one) => one.state === state).map(({ condition }) => condition.kind);
  return [...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) =>
    all.length > 1 ? `${all.length} ${kind}` : kind,
  );
}

/** So many sentences are told of what has one cause and one cure. */
const LISTED = 10;

/** What a message says to people: what is wrong, why, and what to do about it; what has one cure stands together. */
export function bodyOf(job: string, news: readonly News[]): string {
  const open = news.filter(({ state }) => state === 'open').map(({ condition }) => condition);
  const over = news.filter(({ state }) => state === 'recovered').map(({ condition }) => condition);
  const groups = Map.groupBy(open, ({ kind, why, fix }) => JSON.stringify([kind, why, fix]));
  const parts = [...groups.values()].map((all) => {
    const { kind, why, fix } = all[0]!;
    const since = all.map((one) => one.since).toSorted()[0]!;
    return [
      `${kind.toUpperCase()} since ${momentText(since)}`,
      ...listed(all.map(({ what }) => what)),
      ...(why ? [`Why: ${why}`] : []),
      ...(fix ? [`What to do: ${fix}`] : []),
    ].join('\n');
  });
  if (over.length > 0)
    parts.push(['RECOVERED, no longer so:', ...listed(over.map(({ what }) => what))].join('\n'));
  return [...parts, `\`segment-sync status ${job}\` shows how the job stands.`].join('\n\n');
}

function listed(sentences: readonly string[]): string[] {
  const more = sentences.length - LISTED;
  return [...sentences.slice(0, LISTED), ...(more > 0 ? [`… and ${more} more.`] : [])];
}

function momentText(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

/** Slack takes three signs for its own. */
export function slackText(job: string, news: readonly News[]): string {
  return [`*${subjectOf(job, news)}*`, bodyOf(job, news)]
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
