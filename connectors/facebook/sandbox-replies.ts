import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { API_VERSION } from './schema.ts';

export function ok(body: unknown): SandboxReply {
  return { status: 200, body };
}

/** An error in the Graph API's shape; nearly all of them come with HTTP status 400. */
export function refuse(
  code: number,
  message: string,
  more: { subcode?: number; title?: string; user_msg?: string; type?: string } = {},
): SandboxReply {
  const error = {
    message: `(#${code}) ${message}`,
    type: more.type ?? 'OAuthException',
    code,
    error_subcode: more.subcode,
    is_transient: false,
    error_user_title: more.title,
    error_user_msg: more.user_msg,
    fbtrace_id: 'sandbox',
  };
  return { status: 400, body: { error } };
}

/** What the Graph API says of an object that is gone or out of reach; it does not tell which. */
export function missing(id: string): SandboxReply {
  const message = `Unsupported request. Object with ID '${id}' does not exist, or permissions are missing`;
  return refuse(100, message, { subcode: 33, type: 'GraphMethodException' });
}

/** The fields of an object that were asked for, and its id: what the Graph API shows of anything. */
export function shown(request: SandboxRequest, node: Record<string, unknown>): SandboxReply {
  const fields = (request.query.get('fields') ?? '').split(',').filter(Boolean);
  const unknown = fields.find((field) => !Object.hasOwn(node, field));
  if (unknown !== undefined) return refuse(100, `Tried accessing nonexisting field (${unknown})`);
  return ok(Object.fromEntries(['id', ...fields].map((field) => [field, node[field]])));
}

/** One page of a listing, with the cursors and the link that lead on. @param view every field of an item */
export function pageOf<T extends { id: string }>(
  request: SandboxRequest,
  items: readonly T[],
  view: (item: T) => Record<string, unknown>,
): SandboxReply {
  const limit = Math.max(1, Number(request.query.get('limit') ?? 25));
  const after = request.query.get('after');
  const start = after ? items.findIndex(({ id }) => cursor(id) === after) + 1 : 0;
  const page = items.slice(start, start + limit);
  const views = page.map((item) => shown(request, view(item)));
  const refused = views.find((seen) => seen.status !== 200);
  if (refused) return refused;

  const cursors = { before: cursor(page[0]?.id), after: cursor(page.at(-1)?.id) };
  const next = start + limit < items.length ? nextLink(request, cursors.after) : undefined;
  return ok({
    data: views.map(({ body }) => body),
    ...(page.length > 0 ? { paging: { cursors, next } } : {}),
  });
}

function cursor(id = ''): string {
  return Buffer.from(id).toString('base64url');
}

/** The SDK follows this link as it is, so it names the host the request came to. */
function nextLink(request: SandboxRequest, after: string): string {
  const query = new URLSearchParams(request.query);
  query.set('after', after);
  return `http://${request.headers.host ?? ''}/${API_VERSION}${request.path}?${query.toString()}`;
}

/** A parameter from the JSON body or the query, where objects travel as JSON text. */
export function param(request: SandboxRequest, name: string): unknown {
  const { body } = request;
  if (typeof body === 'object' && body !== null && Object.hasOwn(body, name)) {
    return (body as Record<string, unknown>)[name];
  }
  const text = request.query.get(name);
  return text === null ? undefined : fromJson(text);
}

/** A parameter that is text; '' where there is none. */
export function textParam(request: SandboxRequest, name: string): string {
  const value = param(request, name);
  return typeof value === 'string' ? value : '';
}

/** Text as JSON where it is a JSON object or list, else as it is: ids keep all their digits. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
