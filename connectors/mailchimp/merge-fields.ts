import { z } from 'zod';
import type { DestinationContext, PropertyValue } from '../destination.ts';
import type { Api } from './api.ts';
import { problemOf, withoutAddresses, type Place } from './explain.ts';
import { MergeField, MergeFieldPage } from './replies.ts';

/** Mailchimp's word for a date, and ours. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;

const Created = z.union([MergeField, z.literal('exists'), z.object({ refused: z.string() })]);

type Values = ReadonlyMap<string, readonly PropertyValue[]>;
type Ready = {
  fields: ReadonlyMap<string, MergeField>;
  refused: ReadonlyMap<string, string>;
  requests: number;
};

/**
 * The merge fields of a list, those that are missing made. A list has room for so many, 30 or 80 by the account's
 * plan; what Mailchimp refuses is not asked for again.
 */
export function mergeFields(api: Api, list_id: string, place: Place, log: DestinationContext['log']) {
  let fields: Map<string, MergeField> | undefined;
  const refused = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();

  /** @param values some of each property's values, by merge tag; they decide the type of a field to be made */
  async function make(values: Values): Promise<Ready> {
    let total = 0;
    fields ??= await readAll();
    for (const [tag, some] of values) {
      const type = typeOf(some);
      if (type === undefined || fields.has(tag) || refused.has(tag)) continue;
      const { value, requests } = await api.ask(place, Created, () => create(tag, type));
      total += requests;
      if (value === 'exists') fields = await readAll();
      else if ('refused' in value) {
        refused.set(tag, value.refused);
        log('mailchimp has no merge field of this name and takes no new one', { tag, reason: value.refused });
      } else fields.set(tag, { tag, type });
    }
    return { fields, refused, requests: total };
  }

  async function readAll(): Promise<Map<string, MergeField>> {
    const found = new Map<string, MergeField>();
    const pages = api.pages(place, MergeFieldPage, (window) =>
      api.lists.getListMergeFields(list_id, {
        ...window,
        fields: ['merge_fields.tag', 'merge_fields.type', 'total_items'],
      }),
    );
    for await (const { items } of pages) for (const field of items) found.set(field.tag, field);
    return found;
  }

  /** Neither shown on sign-up forms nor asked of anybody. */
  async function create(tag: string, type: string): Promise<unknown> {
    try {
      const body = { tag, name: tag, type, public: false, required: false };
      return await api.lists.addListMergeField(list_id, body);
    } catch (error) {
      const problem = problemOf(error, 400);
      if (!problem) throw error;
      if (/already exists/i.test(problem.detail)) return 'exists';
      const details = (problem.errors ?? []).map(({ message }) => message).join(' ');
      return { refused: `no merge field could be made: ${withoutAddresses(details || problem.detail)}` };
    }
  }

  /** Batches side by side make each field once. */
  function ready(values: Values): Promise<Ready> {
    const next = last.then(
      () => make(values),
      () => make(values),
    );
    last = next.catch(() => {});
    return next;
  }

  return { ready, readAll };
}

/** The type a new field gets: by what is to be put into it. Undefined where that is nothing yet. */
function typeOf(values: readonly PropertyValue[]): 'number' | 'date' | 'text' | undefined {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return undefined;
  if (known.every((value) => typeof value === 'number')) return 'number';
  return known.every((value) => typeof value === 'string' && DATE.test(value)) ? 'date' : 'text';
}

/** A value as the field takes it; empty text clears it. */
export function valueFor(
  { type }: MergeField,
  value: PropertyValue,
): { value: string | number } | { reason: string } {
  if (value === null) return { value: '' };
  if (type === 'number') {
    const number = typeof value === 'boolean' ? Number.NaN : Number(value);
    return Number.isFinite(number) ? { value: number } : { reason: 'not a number, as the merge field wants' };
  }
  if (type === 'date' && !DATE.test(String(value))) return { reason: 'not a date, as the merge field wants' };
  return { value: String(value) };
}
