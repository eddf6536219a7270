import { z } from 'zod';

export const ProfileAttributes = z.looseObject({
  email: z.string().nullish(),
  phone_number: z.string().nullish(),
  external_id: z.string().nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});
export type ProfileAttributes = z.infer<typeof ProfileAttributes>;

/** `updated` in milliseconds since 1970; `subscriptions` is what Klaviyo tells of consent, as it tells it. */
export type Profile = {
  id: string;
  attributes: ProfileAttributes;
  updated: number;
  subscriptions?: Record<string, unknown>;
};
export type List = {
  id: string;
  name: string;
  opt_in_process: string;
  created: number;
  members: Set<string>;
};

export const IDENTIFIERS = ['email', 'phone_number', 'external_id'] as const;

export type Store = ReturnType<typeof emptyStore>;

/** The account: profiles found by any identifier, lists of profile ids. */
export function emptyStore(now: () => number) {
  const profiles = new Map<string, Profile>();
  const byIdentifier = new Map<string, Profile>();
  const lists = new Map<string, List>();
  let made = 0;
  const id = (prefix: string, length: number) => {
    made += 1;
    return (
      prefix +
      made
        .toString(36)
        .toUpperCase()
        .padStart(length - prefix.length, '0')
    );
  };

  function createList(name: string, opt_in_process: string): List {
    const list = { id: id('S', 6), name, opt_in_process, created: now(), members: new Set<string>() };
    lists.set(list.id, list);
    return list;
  }

  /**
   * Updates the profile of that id, or that has one of the identifiers, the e-mail address first, or makes one; null
   * clears nothing.
   */
  function upsert(given: ProfileAttributes, profileId?: string): Profile {
    const known = IDENTIFIERS.map((field) => find(field, given[field] ?? undefined));
    const profile = (profileId ? profiles.get(profileId) : known.find((found) => found !== undefined)) ?? {
      id: id('01SANDBOX', 26),
      attributes: {},
      updated: now(),
    };
    const properties = { ...profile.attributes.properties, ...present(given.properties ?? {}) };
    return write(profile, { ...present(given), properties });
  }

  /** Sets what is given; null clears. */
  function patch(profile: Profile, given: ProfileAttributes): Profile {
    const properties = present({ ...profile.attributes.properties, ...given.properties });
    return write(profile, { ...given, properties });
  }

  function write(profile: Profile, given: ProfileAttributes): Profile {
    forget(profile);
    Object.assign(profile.attributes, given);
    profile.updated = now();
    if (profile.attributes.email) profile.attributes.email = profile.attributes.email.toLowerCase();
    profiles.set(profile.id, profile);
    for (const field of IDENTIFIERS) {
      const value = profile.attributes[field];
      if (value) byIdentifier.set(`${field} ${value}`, profile);
    }
    return profile;
  }

  function forget(profile: Profile): void {
    for (const field of IDENTIFIERS) byIdentifier.delete(`${field} ${profile.attributes[field]}`);
  }

  function erase(profile: Profile): void {
    forget(profile);
    profiles.delete(profile.id);
    for (const list of lists.values()) list.members.delete(profile.id);
  }

  function find(field: string, value: string | undefined): Profile | undefined {
    if (value === undefined) return undefined;
    if (field === 'id') return profiles.get(value);
    return byIdentifier.get(`${field} ${field === 'email' ? value.toLowerCase() : value}`);
  }

  return { profiles, lists, createList, upsert, patch, erase, find, id };
}

function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as T;
}
