import { z } from 'zod';
import type { Field, SandboxList } from './sandbox-list.ts';
import { invalid, page, parse, type Route } from './sandbox-replies.ts';

/** The fewest that any plan has room for. */
const MOST_FIELDS = 30;
const LONGEST_TAG = 10;
const LONGEST_TEXT = 255;

const NewField = z.object({
  tag: z.string().optional(),
  name: z.string().min(1),
  type: z.enum([
    'text',
    'number',
    'address',
    'phone',
    'date',
    'url',
    'imageurl',
    'radio',
    'dropdown',
    'birthday',
    'zip',
  ]),
  required: z.boolean().default(false),
  public: z.boolean().default(false),
});

/** Merge fields: `/lists/{list_id}/merge-fields`, paths behind the list. */
export function fieldRoutes(list: SandboxList): Route[] {
  function create(body: unknown): object {
    const { tag = `MMERGE${list.fields.length + 1}`, name, type, required } = parse(NewField, body);
    if (tag.length > LONGEST_TAG) throw invalid(`Merge tags are at most ${LONGEST_TAG} characters.`);
    if (list.fields.some((field) => field.tag === tag)) {
      throw invalid(`A Merge Field with the tag "${tag}" already exists for this list.`);
    }
    if (list.fields.length >= MOST_FIELDS) {
      throw invalid(`This list has the maximum number of merge fields, ${MOST_FIELDS}.`);
    }
    const field = { merge_id: list.fields.length + 1, tag, name, type, required };
    list.fields.push(field);
    return field;
  }

  function listed(query: URLSearchParams): object {
    return { merge_fields: page(list.fields, query), total_items: list.fields.length };
  }

  return [
    ['GET', /^\/merge-fields$/, ({ query }) => listed(query)],
    ['POST', /^\/merge-fields$/, ({ body }) => create(body)],
  ];
}

/**
 * What is wrong with values for merge fields, the first of it; values without a field are passed over.
 * @param held values that the contact has already; absent where it does not matter what is missing
 */
export function wrongField(
  fields: readonly Field[],
  values: Record<string, unknown>,
  held?: Record<string, unknown>,
): { tag: string; message: string } | undefined {
  for (const { tag, type, required } of fields) {
    const value = values[tag];
    if (held && required && !(value ?? held[tag])) return { tag, message: 'Please enter a value' };
    if (value === undefined || value === '') continue;
    if (type === 'number' && !Number.isFinite(Number(value)))
      return { tag, message: 'Please enter a number' };
    if (type === 'date' && Number.isNaN(Date.parse(String(value))))
      return { tag, message: 'Please enter a date' };
    if (type === 'text' && String(value).length > LONGEST_TEXT) {
      return { tag, message: `Please enter at most ${LONGEST_TEXT} characters` };
    }
  }
  return undefined;
}
