import { createHash } from 'node:crypto';
import type { SandboxOptions } from '../sandbox.ts';

/** The one list's id. */
export const SANDBOX_LIST = 'sandbox';

export type Contact = {
  email: string;
  status: string;
  merge_fields: Record<string, unknown>;
  changed: string;
  /** When a contact who is or was subscribed opted in. */
  opted?: string;
};
export type Field = { merge_id: number; tag: string; name: string; type: string; required: boolean };
/** A tag is `static`; a segment by rules is `saved` and holds nobody here. */
export type Segment = {
  id: number;
  name: string;
  type: 'static' | 'saved';
  members: Set<Contact>;
  created: string;
};

export type SandboxList = ReturnType<typeof openList>;

/** The list's contacts, by hash of their address, and its segments, by id. */
export function openList(options: SandboxOptions) {
  const contacts = new Map<string, Contact>();
  const segments = new Map<number, Segment>();
  const fields: Field[] = [
    { merge_id: 1, tag: 'FNAME', name: 'First Name', type: 'text', required: false },
    { merge_id: 2, tag: 'LNAME', name: 'Last Name', type: 'text', required: false },
  ];
  /** Hashes of addresses that were deleted for good. */
  const forgotten = new Set<string>();
  let lastId = 1000;
  for (const { email, status } of options.people ?? []) putContact(email, status ?? 'subscribed');

  function time(): string {
    return new Date(options.now?.() ?? Date.now()).toISOString().replace(/\.\d+Z$/, '+00:00');
  }

  function putContact(email: string, status: string): Contact {
    const opted = status === 'subscribed' ? time() : undefined;
    const contact: Contact = { email, status, merge_fields: {}, changed: time(), opted };
    contacts.set(contactHash(email), contact);
    return contact;
  }

  function known(email: string): Contact | undefined {
    return contacts.get(contactHash(email));
  }

  /**
   * The contact of an address, as segments see it: who was archived is none. Without a given set of people, every
   * address is one, subscribed.
   */
  function contact(email: string): Contact | undefined {
    const old = known(email);
    if (old) return old.status === 'archived' ? undefined : old;
    const stranger = options.people || forgotten.has(contactHash(email));
    return stranger ? undefined : putContact(email, 'subscribed');
  }

  function forget(hash: string): void {
    const gone = contacts.get(hash);
    contacts.delete(hash);
    forgotten.add(hash);
    for (const segment of segments.values()) if (gone) segment.members.delete(gone);
  }

  function addSegment(name: string, type: Segment['type']): Segment {
    lastId += 1;
    const segment = { id: lastId, name, type, members: new Set<Contact>(), created: time() };
    segments.set(segment.id, segment);
    return segment;
  }

  function tag(name: string): Segment | undefined {
    return tags().find((candidate) => candidate.name === name);
  }

  function tags(): Segment[] {
    return [...segments.values()].filter((segment) => segment.type === 'static');
  }

  function tagState(): Record<string, string[]> {
    const emails = ({ members }: Segment) => [...members].map(({ email }) => email.toLowerCase()).toSorted();
    return Object.fromEntries(tags().map((segment) => [segment.name, emails(segment)]));
  }

  return {
    contacts,
    segments,
    fields,
    forgotten,
    known,
    contact,
    forget,
    putContact,
    addSegment,
    tag,
    tags,
    tagState,
    time,
  };
}

/** How the API addresses a contact. */
export function contactHash(email: string): string {
  return createHash('md5').update(email.toLowerCase()).digest('hex');
}

/** A contact as the API shows one. */
export function describeContact({ email, status, merge_fields, changed, opted }: Contact): object {
  return {
    id: contactHash(email),
    email_address: email,
    status,
    merge_fields,
    ...(opted === undefined ? {} : { timestamp_opt: opted }),
    last_changed: changed,
    list_id: SANDBOX_LIST,
  };
}
