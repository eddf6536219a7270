import type { Member } from '../destination.ts';
import { hashed, type MatchKey } from './hash.ts';

/** A column of the customer file; the value is a number and not hashed. */
export type Column = MatchKey | 'LOOKALIKE_VALUE';
export type Row = (string | number)[];

/** One schema for every addition and one for every removal: Meta refuses a change of schema within a session. */
export const ADD_SCHEMA: readonly MatchKey[] = [
  'EMAIL',
  'PHONE',
  'FN',
  'LN',
  'CT',
  'ST',
  'ZIP',
  'COUNTRY',
  'EXTERN_ID',
];
export const VALUE_SCHEMA: readonly Column[] = [...ADD_SCHEMA, 'LOOKALIKE_VALUE'];
export const REMOVE_SCHEMA: readonly MatchKey[] = ['EMAIL', 'PHONE'];

/**
 * A member ready to be sent, or the reason why not. The row's first two cells are EMAIL and PHONE, in every schema.
 * `dropped` names the columns left empty because what was known cannot be used.
 */
export type Upload =
  { key: string; row: Row; dropped: Column[] } | { key: string; row?: undefined; reason: string };

/**
 * The row that adds a member. The identifier in the member's key must be in it, since removal goes by that one; any
 * other field is dropped where it cannot be hashed. A value is dropped too: this audience has no place for it.
 */
export function addition(member: Member): Upload {
  const upload = identified(member);
  if (!upload.row || member.value === undefined) return upload;
  const dropped: Column[] = [...upload.dropped, 'LOOKALIKE_VALUE'];
  return { ...upload, dropped };
}

/**
 * The row that adds a member to a value-based audience. Adding someone again replaces the value. Meta takes numbers
 * from 0, so a loss is worth nothing, and so is a value nobody knows, which counts as dropped.
 */
export function valuedAddition(member: Member): Upload {
  const upload = identified(member);
  if (!upload.row) return upload;
  const worth = member.value ? Number(member.value) : Number.NaN;
  const known = Number.isFinite(worth);
  const dropped: Column[] = known ? upload.dropped : [...upload.dropped, 'LOOKALIKE_VALUE'];
  return { ...upload, row: [...upload.row, known ? Math.max(0, worth) : 0], dropped };
}

function identified(member: Member): Upload {
  const known = fieldsOf(member);
  const row = ADD_SCHEMA.map((column) => hashed(column, known[column], member.country));
  const dropped: Column[] = ADD_SCHEMA.filter((column, i) => known[column]?.trim() && !row[i]);
  return refusal(member.key, row) ?? { key: member.key, row, dropped };
}

/** The row that removes a member: by the identifier in its key alone, the only one known for certain. */
export function removal({ key }: Pick<Member, 'key'>): Upload {
  const { email, phone } = keyIdentifier(key);
  const row = [hashed('EMAIL', email), hashed('PHONE', phone)];
  return refusal(key, row) ?? { key, row, dropped: [] };
}

function fieldsOf(member: Member): Partial<Record<MatchKey, string>> {
  return {
    EMAIL: member.email,
    PHONE: member.phone,
    FN: member.first_name,
    LN: member.last_name,
    CT: member.city,
    ST: member.region,
    ZIP: member.zip,
    COUNTRY: member.country,
    EXTERN_ID: member.customer,
  };
}

function keyIdentifier(key: string): { email?: string; phone?: string } {
  if (key.startsWith('email:')) return { email: key.slice('email:'.length) };
  return key.startsWith('phone:') ? { phone: key.slice('phone:'.length) } : {};
}

function refusal(key: string, [email, phone]: string[]): Upload | undefined {
  const [cell, word] = key.startsWith('phone:') ? [phone, 'phone number'] : [email, 'e-mail address'];
  return cell ? undefined : { key, reason: `invalid ${word}` };
}
