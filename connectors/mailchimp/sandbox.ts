import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { contactRoutes } from './sandbox-contacts.ts';
import { fieldRoutes } from './sandbox-fields.ts';
import { openList, SANDBOX_LIST } from './sandbox-list.ts';
import { openReports, type SandboxReports } from './sandbox-reports.ts';
import { notFound, pick, problem, ProblemReply, type Route } from './sandbox-replies.ts';
import { tagRoutes } from './sandbox-tags.ts';

const KEY = 'sandbox-us1';
/** Requests at the same time, of all programs together. */
const CONNECTIONS = 10;

/** Beside the platform, how campaigns come into it: who sends them, and what their recipients do. */
export type MailchimpSandbox = SandboxPlatform & Pick<SandboxReports, 'send' | 'act' | 'forget'>;

/**
 * Mailchimp in small: one account (key `sandbox-us1`), one list (`sandbox`), its contacts and tags, and reports of
 * campaigns.
 * Where the documents leave an answer open, the harder case is imitated: addresses that the list does not know, and
 * those a tag has already, are both left out of the answer without a word.
 */
export function mailchimpSandbox(options: SandboxOptions): MailchimpSandbox {
  const list = openList(options);
  const reports = openReports(options);
  const accountRoutes: Route[] = [
    ['GET', /^\/$/, () => ({ account_id: 'sandbox', account_name: 'Sandbox', role: 'owner' })],
    ...reports.routes,
  ];
  const listRoutes: Route[] = [
    ['GET', /^$/, ({ query }) => describeList(query)],
    ...tagRoutes(list),
    ...contactRoutes(list),
    ...fieldRoutes(list),
  ];

  function describeList(query: URLSearchParams) {
    const statuses = [...list.contacts.values()].map((contact) => contact.status);
    const member_count = statuses.filter((status) => status === 'subscribed').length;
    const total = query.get('include_total_contacts') === 'true' ? { total_contacts: statuses.length } : {};
    return { id: SANDBOX_LIST, name: 'Sandbox', stats: { member_count, ...total } };
  }

  function handle(request: SandboxRequest): SandboxReply {
    if (options.rates !== false && (request.open ?? 1) > CONNECTIONS) {
      return problem(429, 'Too Many Requests', `You have more than ${CONNECTIONS} simultaneous connections.`)
        .reply;
    }
    if (!knowsKey(request.headers.authorization)) {
      return problem(401, 'API Key Invalid', 'The API key may be invalid, or of another data centre.').reply;
    }
    try {
      return answer(request);
    } catch (error) {
      if (error instanceof ProblemReply) return error.reply;
      throw error;
    }
  }

  function answer(request: SandboxRequest): SandboxReply {
    const { path, routes } = request.path.startsWith('/lists/')
      ? { path: withinList(request.path), routes: listRoutes }
      : { path: request.path, routes: accountRoutes };
    for (const [method, pattern, run] of routes) {
      const match = method === request.method ? pattern.exec(path) : null;
      if (!match) continue;
      const body = run(request, match.slice(1));
      if (body === undefined) return { status: 204 };
      return { status: 200, body: pick(body, request.query) };
    }
    throw notFound();
  }

  const { send, act, forget } = reports;
  const state = () => ({ tags: list.tagState() });
  return { name: 'mailchimp', prefix: '/3.0', handle, state, send, act, forget };
}

/** The part of the path behind the one list there is. */
function withinList(path: string): string {
  const root = `/lists/${SANDBOX_LIST}`;
  if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
  throw notFound();
}

/** Basic authentication with any user name, the key as password. */
function knowsKey(header = ''): boolean {
  const [scheme, credentials = ''] = header.split(' ');
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  return scheme === 'Basic' && text.slice(text.indexOf(':') + 1) === KEY;
}
