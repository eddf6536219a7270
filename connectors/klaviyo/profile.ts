import type { ProfileUpsertQueryResourceObjectAttributes } from 'klaviyo-api';
import type { Member, Outcome } from '../destination.ts';
import { scrub } from './explain.ts';
import type { Refusal } from './replies.ts';

/** A member as an import job carries them. */
export type Entry = { key: string; attributes: Attributes; bytes: number };
type Attributes = ProfileUpsertQueryResourceObjectAttributes;

/** API description of revision 2026-07-15. */
const LARGEST_PROFILE_BYTES = 100_000;
const LONGEST_EXTERNAL_ID = 255;
/** `{"type":"profile","attributes":},` around each, and the underscores the SDK puts into names. */
const WRAPPING_BYTES = 50;
const E164 = /^\+[1-9]\d{6,14}$/;

/** Klaviyo's names of what is sent, and the SDK's. */
const FIELDS = {
  email: 'email',
  phone_number: 'phoneNumber',
  external_id: 'externalId',
  first_name: 'firstName',
  last_name: 'lastName',
  location: 'location',
} as const;
type Field = keyof typeof FIELDS;

/** Empty values are left out: an import never clears a field. */
export function entryOf(member: Member): Entry {
  const { city, region, zip, country } = member;
  const location = present({ city, region, zip, country });
  return sized(member.key, {
    email: member.email,
    phoneNumber: member.phone && E164.test(member.phone) ? member.phone : undefined,
    externalId: isOwnName(member.customer) ? member.customer : undefined,
    firstName: member.first_name,
    lastName: member.last_name,
    location: Object.keys(location).length ? location : undefined,
  });
}

/** Why an entry is not worth sending, or undefined. */
export function unsendable(entry: Entry): Outcome | undefined {
  const { key, attributes, bytes } = entry;
  const refuse = (reason: string): Outcome => ({ key, result: 'refused', reason, permanent: true });
  if (!attributes.email && !attributes.phoneNumber)
    return refuse('no e-mail address and no E.164 phone number');
  return bytes > LARGEST_PROFILE_BYTES ? refuse('larger than the 100 KB Klaviyo takes') : undefined;
}

/**
 * What becomes of a member Klaviyo refused: without the field it did not like, where there is another way to name
 * the person, else the refusal itself. An error that names no field is laid to the identifiers beside the key's own:
 * they may belong to someone else.
 */
export function afterRefusal(entry: Entry, refusal: Refusal): Entry | Outcome {
  const field = refusedField(refusal);
  const own: Field = entry.key.startsWith('phone:') ? 'phone_number' : 'email';
  const suspects = (field ? [field] : (['email', 'phone_number', 'external_id'] as const)).filter(
    (suspect) => suspect !== own && entry.attributes[FIELDS[suspect]] !== undefined,
  );
  if (suspects.length > 0) {
    const left = { ...entry.attributes };
    for (const suspect of suspects) delete left[FIELDS[suspect]];
    return sized(entry.key, left);
  }
  const { email, phoneNumber, firstName, lastName, externalId } = entry.attributes;
  const values = [email, phoneNumber, firstName, lastName, externalId].filter(
    (value) => typeof value === 'string',
  );
  const reason = scrub(refusal.detail || refusal.title || refusal.code, values);
  return { key: entry.key, result: 'refused', reason, permanent: field === own };
}

/** Klaviyo's pointer says which attribute; where it has none, only its sentence does. */
function refusedField(refusal: Refusal): Field | undefined {
  const named = refusal.source?.pointer?.split('attributes/').at(-1)?.split('/')[0];
  if (named && named in FIELDS) return named as Field;
  const text = `${refusal.code} ${refusal.title} ${refusal.detail}`;
  if (/phone/i.test(text)) return 'phone_number';
  return /e-?mail/i.test(text) ? 'email' : undefined;
}

/** `external_id` identifies too: an address there would tie the profile to an address it may not have. */
function isOwnName(customer: string): boolean {
  return customer !== '' && !customer.includes('@') && customer.length <= LONGEST_EXTERNAL_ID;
}

function sized(key: string, fields: Attributes): Entry {
  const attributes = present(fields);
  return { key, attributes, bytes: Buffer.byteLength(JSON.stringify(attributes)) + WRAPPING_BYTES };
}

function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) as T;
}
