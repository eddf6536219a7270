import type { Problem } from '../../connectors/index.ts';
import type { Connectors } from '../../src/job/job-file.ts';
import { parseJob, type Job } from '../../src/job/load.ts';
import { JobFileError } from '../../src/job/problems.ts';

export const FILE = 'config/jobs/shop.yaml';

/** Unlike any word of a message, so that a test can see whether they leak. */
export const CANARIES = { MAILCHIMP_API_KEY: 'canary-mailchimp-us19', META_ACCESS_TOKEN: 'canary-meta' };

/** A job in order; each line stands where the tests expect it. */
export const SHOP = `# yaml-language-server: $schema=../job.schema.json
name: daily-shop
schedule: "0 5 * * *"
timezone: Europe/Bucharest
currency: EUR
exchange_rates: { RON: 0.2 }

sources:
  - type: csv
    format: shopify
    path: ../sample/orders_export*.csv
  - type: csv
    records: orders
    path: ../old-shop/*.csv.gz
    columns: { order_id: id, customer_id: client, email: mail, ordered_at: date, total: amount }
    dates: dmy
    decimal: ","

segments:
  lifecycle: { top_share: 0.2 }
  value_engagement: {}

destinations:
  - type: mailchimp
    api_key: \${MAILCHIMP_API_KEY}
    list_id: 4ca5becb8d
    audiences:
      - { segment: "value_engagement.*", tag: "VE: {label}" }
  - type: facebook
    access_token: \${META_ACCESS_TOKEN}
    ad_account_id: act_123
    audiences:
      - segment: lifecycle.at_risk
      - segment: lifecycle.top
  - type: csv
    path: ../../out/
    audiences: [{ segment: "*" }]
`;

type Environment = Record<string, string | undefined>;

export function readJob(text: string, env: Environment = CANARIES, connectors?: Connectors): Job {
  return parseJob(text, { file: FILE, env, connectors });
}

/** @returns everything that is wrong with a job file; nothing where it is in order */
export function problemsOf(
  text: string,
  env: Environment = CANARIES,
  connectors?: Connectors,
): readonly Problem[] {
  try {
    readJob(text, env, connectors);
    return [];
  } catch (error) {
    if (error instanceof JobFileError) return error.problems;
    throw error;
  }
}

/** The shop's job with one piece replaced, which must be there. */
export function shopWith(piece: string, other: string): string {
  if (!SHOP.includes(piece)) throw new Error(`The job has no ${piece}`);
  return SHOP.replace(piece, () => other);
}
