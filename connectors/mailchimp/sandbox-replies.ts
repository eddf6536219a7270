import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';

/** Method, pattern of the path, and what answers: a body, or undefined for 204. Throws `ProblemReply`. */
export type Route = [
  method: string,
  pattern: RegExp,
  run: (request: SandboxRequest, parameters: string[]) => object | undefined,
];

/** An error answer on its way out. */
export class ProblemReply extends Error {
  readonly reply: SandboxReply;
  constructor(reply: SandboxReply) {
    super('problem document');
    this.reply = reply;
  }
}

export function problem(status: number, title: string, detail: string): ProblemReply {
  const type = 'https://mailchimp.com/developer/marketing/docs/errors/';
  const body = { type, title, status, detail, instance: randomUUID() };
  return new ProblemReply({ status, body, content_type: 'application/problem+json; charset=utf-8' });
}

/** Names the places in a request that are refused, the whole of it with them. */
export function invalidFields(errors: readonly { field: string; message: string }[]): ProblemReply {
  const { reply } = invalid(
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
  );
  return new ProblemReply({ ...reply, body: { ...(reply.body as object), errors } });
}

export function notFound(): ProblemReply {
  return problem(404, 'Resource Not Found', 'The requested resource could not be found.');
}

export function invalid(detail: string): ProblemReply {
  return problem(400, 'Invalid Resource', detail);
}

export function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalid(`The resource submitted could not be validated: ${z.prettifyError(parsed.error)}`);
}

/** One page of a collection: 10 items when not asked, 1000 at most. */
export function page<T>(items: readonly T[], query: URLSearchParams): T[] {
  const count = Number(query.get('count') ?? 10);
  const offset = Number(query.get('offset') ?? 0);
  if (!(count >= 0 && count <= 1000)) throw invalid('The count must be between 0 and 1000.');
  return items.slice(offset, offset + count);
}

/** Keeps only what `fields` names (`members.id,total_items`); lists are looked through. */
export function pick(body: object, query: URLSearchParams): object {
  const fields = query.get('fields');
  return fields
    ? (keep(
        body,
        fields.split(',').map((field) => field.split('.')),
      ) as object)
    : body;
}

function keep(value: unknown, paths: string[][]): unknown {
  if (Array.isArray(value)) return value.map((item) => keep(item, paths));
  if (typeof value !== 'object' || value === null || paths.some((path) => path.length === 0)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
      return below.length > 0 ? [[key, keep(inner, below)]] : [];
    }),
  );
}
