import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';

/** Links carry the vendor's host whatever host was asked: a client that follows them as they are leaves the sandbox. */
const HOST = 'https://a.klaviyo.com/api';
const TITLES: Record<string, string> = {
  invalid: 'Invalid input.',
  not_found: 'Not found.',
  not_authenticated: 'Authentication credentials were not provided.',
  authentication_failed: 'Incorrect authentication credentials.',
  throttled: 'Request was throttled.',
};

type Source = { pointer?: string; parameter?: string };

/** A refusal as a handler throws it. */
export class Refused extends Error {
  readonly reply: SandboxReply;
  constructor(reply: SandboxReply) {
    super('refused');
    this.reply = reply;
  }
}

/** Klaviyo's error document; several sources make several errors in it. */
export function refusal(status: number, code: string, detail: string, ...sources: Source[]): SandboxReply {
  const error = (source: Source) => ({
    id: randomUUID(),
    status,
    code,
    title: TITLES[code] ?? code,
    detail,
    source,
    links: {},
    meta: {},
  });
  return { status, body: { errors: (sources.length ? sources : [{ pointer: '/data' }]).map(error) } };
}

export function invalid(detail: string, ...sources: Source[]): Refused {
  return new Refused(refusal(400, 'invalid', detail, ...sources));
}

export function notFound(what: string, id: string, source?: Source): Refused {
  return new Refused(
    refusal(404, 'not_found', `A ${what} with id ${id} does not exist.`, ...(source ? [source] : [])),
  );
}

/** @throws Refused where the body has not the shape */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(issue?.message ?? 'Invalid input.', { pointer: `/${issue?.path.join('/') ?? ''}` });
}

/**
 * Understands `any(field,["a","b"])` and `equals(field,"a")`, with string literals quoted as in JSON.
 * @returns undefined where no filter is set
 */
export function filterIn(
  query: URLSearchParams,
  fields: readonly string[],
): { field: string; values: string[] } | undefined {
  const text = query.get('filter');
  if (text === null) return undefined;
  const wrong = invalid('Invalid filter provided.', { parameter: 'filter' });
  const [, operator, field, literal] = /^(any|equals)\((\w+),(.*)\)$/s.exec(text) ?? [];
  if (!field || literal === undefined || !fields.includes(field)) throw wrong;
  try {
    const value = JSON.parse(literal) as unknown;
    const values = z
      .array(z.string())
      .min(1)
      .parse(operator === 'any' ? value : [value]);
    return { field, values };
  } catch {
    throw wrong;
  }
}

/** One page of a collection, with its links; the cursor says how many came before. */
export function page<T>(
  request: SandboxRequest,
  items: readonly T[],
  limits: { usual: number; most: number },
  show: (item: T) => unknown,
): SandboxReply {
  const size = Number(request.query.get('page[size]') ?? limits.usual);
  if (!Number.isInteger(size) || size < 1 || size > limits.most) {
    throw invalid(`Page size must be an integer between 1 and ${limits.most}.`, { parameter: 'page[size]' });
  }
  const cursor = request.query.get('page[cursor]');
  const from =
    cursor === null ? 0 : Number(Buffer.from(cursor, 'base64url').toString('utf8').slice(CURSOR.length));
  if (!Number.isInteger(from)) throw invalid('Invalid cursor provided.', { parameter: 'page[cursor]' });
  const link = (start: number) => {
    const query = new URLSearchParams(request.query);
    if (start > 0) query.set('page[cursor]', Buffer.from(`${CURSOR}${start}`).toString('base64url'));
    else query.delete('page[cursor]');
    return `${HOST}${request.path}?${query.toString()}`;
  };
  const links = {
    self: link(from),
    ...(from + size < items.length ? { next: link(from + size) } : {}),
    ...(from > 0 ? { prev: link(Math.max(0, from - size)) } : {}),
  };
  return { status: 200, body: { data: items.slice(from, from + size).map(show), links } };
}

export function self(path: string): { self: string } {
  return { self: `${HOST}${path}` };
}

/** The form of Klaviyo's times. */
export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
}

/** Attributes by the sparse field set the request asks for. */
export function sparse(request: SandboxRequest, type: string, attributes: Record<string, unknown>) {
  const fields = request.query.get(`fields[${type}]`)?.split(',');
  return fields
    ? Object.fromEntries(Object.entries(attributes).filter(([name]) => fields.includes(name)))
    : attributes;
}

const CURSOR = 'after ';
