import { resolve } from 'node:path';
import { ADDRESSES } from './aviary.ts';

export const AS_OF = ['--as-of', '2026-03-31'];

/** A source that cannot be read, with its secrets and with what an answer of it might repeat. */
export const SOURCES = [
  '{ type: csv, format: shopify, path: nowhere.csv }',
  '{ type: postgres, url: "${DATABASE_URL}", query: SELECT 1, columns: { order_id: id, email: mail, ordered_at: at, total: total } }',
  '{ type: shopify, shop: birds, access_token: "${SHOPIFY_TOKEN}", base_url: "${SANDBOX_URL}" }',
  '{ type: woocommerce, url: "${SANDBOX_URL}", consumer_key: ck_birds, consumer_secret: "${WOO_SECRET}" }',
  '{ type: klaviyo, api_key: "${SHOPIFY_TOKEN}", start: 2026-01-01, base_url: "${SANDBOX_URL}" }',
  '{ type: mailchimp, api_key: "${WOO_SECRET}-us1", list_id: sandbox, start: 2026-01-01, base_url: "${SANDBOX_URL}" }',
];

/** One call of each command at least, once the shop has run; those that stay are ended as soon as they have begun. */
export const CALLS: Record<string, { args: string[][]; stays?: boolean }> = {
  approve: { args: [['approve', 'job.yaml']] },
  backtest: {
    args: [
      ['backtest', 'job.yaml', ...AS_OF],
      ['backtest', 'job.yaml', ...AS_OF, '--json'],
    ],
  },
  check: {
    args: [
      ['check', 'job.yaml'],
      ['check', 'job.yaml', '--json', '--offline'],
    ],
  },
  completion: { args: [['completion', 'bash']] },
  demo: { args: [['demo', '--jobs', resolve('config/jobs')]] },
  docs: { args: [['docs']] },
  erase: {
    args: [
      ['erase', 'nobody at all', '--jobs', 'jobs'],
      ['erase', ADDRESSES[1]!, '--jobs', 'jobs'],
    ],
  },
  explain: {
    args: [
      ['explain', 'job.yaml', '--id', 'none'],
      ['explain', 'job.yaml', 'none@example.com', '--json'],
    ],
  },
  export: {
    args: [
      ['export', 'job.yaml', '--out', 'people.csv'],
      ['export', 'job.yaml', '--refused', '--out', 'refused.csv'],
      ['export', 'job.yaml', '--out', 'no/such/folder/people.csv'],
    ],
  },
  init: {
    args: [
      ['init', '--source', 'orders.csv', '--out', 'made/job.yaml', '--currency', 'EUR'],
      ['init', '--source', '${DATABASE_URL}', '--json'],
    ],
  },
  plan: {
    args: [
      ['plan', 'job.yaml', ...AS_OF],
      ['plan', 'job.yaml', ...AS_OF, '--json'],
    ],
  },
  report: { args: [['report', 'job.yaml', '--out', 'report.html']] },
  run: {
    args: [
      ['run', 'job.yaml', ...AS_OF],
      ['run', 'job.yaml', ...AS_OF, '--json', '--full', '--reconcile'],
    ],
  },
  sandbox: { args: [['sandbox', '--json']], stays: true },
  schema: { args: [['schema']] },
  segments: {
    args: [
      ['segments', 'job.yaml', '--flows', '--moves', '--playbook'],
      ['segments', 'job.yaml', '--json'],
      ['segments', 'job.yaml', '--lift'],
    ],
  },
  start: { args: [['start', '--jobs', 'jobs', '--json']], stays: true },
  status: {
    args: [
      ['status', 'job.yaml'],
      ['status', 'job.yaml', '--json'],
    ],
  },
};
