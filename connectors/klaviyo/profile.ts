import type { ProfileUpsertQueryResourceObjectAttributes } from 'klaviyo-api';
import type { Member, Outcome } from '../destination.ts';
import { scrub } from './explain.ts';
import type { Refusal } from './replies.ts';

/** A member as an import job carries them; with an id, it is the id that says who they are. */
export type Entry = { key: string; id?: string; attributes: Attributes; bytes: number };
type Attributes = ProfileUpsertQueryResourceObjectAttributes;
type Properties = Record<string, unknown>;

/** A field that was left away because Klaviyo refused it, and its reason. */
export type Dropped = { field: string; reason: string };

/** API description of revision 2026-07-15. */
const LARGEST_PROFILE_BYTES = 100_000;
const LONGEST_EXTERNAL_ID = 255;
/** `{"type":"profile","attributes":},` around each, with `"id":"",`, and the underscores the SDK puts into names. */
const WRAPPING_BYTES = 60;
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
  return sized({
    key: member.key,
    attributes: present({
      email: member.email,
      phoneNumber: member.phone && E164.test(member.phone) ? member.phone : undefined,
      externalId: isOwnName(member.customer) ? member.customer : undefined,
      firstName: member.first_name,
      lastName: member.last_name,
      location: Object.keys(location).length ? location : undefined,
    }),
  });
}

/** Properties of a profile that exists. Nothing but its id says whose they are: an address could make a new profile. */
export function propertiesEntry(key: string, id: string, properties: Properties): Entry {
  return sized({ key, id, attributes: { properties } });
}

/** Why an entry is not worth sending, or undefined. */
export function unsendable(entry: Entry): Outcome | undefined {
  const { key, id, attributes, bytes } = entry;
  const refuse = (reason: string): Outcome => ({ key, result: 'refused', reason, permanent: true });
  if (!id && !attributes.email && !attributes.phoneNumber)
    return refuse('no e-mail address and no E.164 phone number');
  return bytes > LARGEST_PROFILE_BYTES ? refuse('larger than the 100 KB Klaviyo takes') : undefined;
}

/**
 * What becomes of a member Klaviyo refused: without the field it did not like, where that leaves something to send,
 * else the refusal itself. An error that names no field is laid to the identifiers beside the key's own: they may
 * belong to someone else.
 */
export function afterRefusal(
  entry: Entry,
  refusal: Refusal,
): { entry: Entry; dropped: Dropped[] } | { outcome: Outcome; dropped: Dropped[] } {
  const { key } = entry;
  const reason = reasonOf(entry, refusal);
  const property = refusedProperty(refusal);
  if (property !== undefined && entry.attributes.properties) {
    const dropped = [{ field: property, reason }];
    const { [property]: _, ...properties } = entry.attributes.properties as Properties;
    if (Object.keys(properties).length === 0)
      return { outcome: { key, result: 'done', remote_id: entry.id }, dropped };
    return { entry: sized({ ...entry, attributes: { ...entry.attributes, properties } }), dropped };
  }
  const field = refusedField(refusal);
  const own: Field = key.startsWith('phone:') ? 'phone_number' : 'email';
  const suspects = (field ? [field] : (['email', 'phone_number', 'external_id'] as const)).filter(
    (suspect) => suspect !== own && entry.attributes[FIELDS[suspect]] !== undefined,
  );
  if (suspects.length > 0) {
    const left = { ...entry.attributes };
    for (const suspect of suspects) delete left[FIELDS[suspect]];
    const dropped = suspects.map((suspect) => ({ field: suspect, reason }));
    return { entry: sized({ ...entry, attributes: left }), dropped };
  }
  return { outcome: { key, result: 'refused', reason, permanent: field === own }, dropped: [] };
}

/** Klaviyo's sentence without anything that was sent of the person. */
function reasonOf({ attributes }: Entry, refusal: Refusal): string {
  const { email, phoneNumber, firstName, lastName, externalId, properties } = attributes;
  const sent = [email, phoneNumber, firstName, lastName, externalId, ...Object.values(properties ?? {})];
  const texts = sent.filter((value) => typeof value === 'string');
  return scrub(refusal.detail || refusal.title || refusal.code, texts);
}

/** Klaviyo's pointer says which attribute; where it has none, only its sentence does. */
function refusedField(refusal: Refusal): Field | undefined {
  const [named] = attributePath(refusal);
  if (named && named in FIELDS) return named as Field;
  const text = `${refusal.code} ${refusal.title} ${refusal.detail}`;
  if (/phone/i.test(text)) return 'phone_number';
  return /e-?mail/i.test(text) ? 'email' : undefined;
}

function refusedProperty(refusal: Refusal): string | undefined {
  const [attribute, name] = attributePath(refusal);
  return attribute === 'properties' ? name?.replaceAll('~1', '/').replaceAll('~0', '~') : undefined;
}

function attributePath(refusal: Refusal): string[] {
  return refusal.source?.pointer?.split('attributes/').at(-1)?.split('/') ?? [];
}

/** `external_id` identifies too: an address there would tie the profile to an address it may not have. */
function isOwnName(customer: string): boolean {
  return customer !== '' && !customer.includes('@') && customer.length <= LONGEST_EXTERNAL_ID;
}

function sized(entry: Omit<Entry, 'bytes'>): Entry {
  const { id = '', attributes } = entry;
  return { ...entry, bytes: Buffer.byteLength(JSON.stringify(attributes)) + id.length + WRAPPING_BYTES };
}

function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) as T;
}
