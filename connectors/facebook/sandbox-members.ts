/** Keys that identify a person alone, best first. */
const IDENTIFIERS = ['EMAIL', 'PHONE', 'EXTERN_ID', 'MADID'] as const;

/** One uploaded row: its non-empty cells by key. */
export type Person = Partial<Record<string, string | number>>;

export type Members = {
  /** Puts a person in; the same person again replaces the value and changes nothing else. */
  add: (person: Person) => void;
  /** Takes out everyone who shares any identifier with `person`. */
  remove: (person: Person) => void;
  clear: () => void;
  size: () => number;
  /** E-mail hash of each, else phone hash, sorted. */
  hashes: () => string[];
  /** What each is worth, in the order of `hashes`. */
  values: () => Record<string, number>;
};

type Held = { identifiers: string[]; value?: number };

/** The people of one audience. Two rows are one person when their best identifier is the same. */
export function openMembers(): Members {
  const people = splitMap<Held>();
  const byIdentifier = splitMap<Set<string>>();

  function forget(name: string): void {
    for (const identifier of people.get(name)?.identifiers ?? []) {
      const names = byIdentifier.get(identifier);
      names?.delete(name);
      if (names?.size === 0) byIdentifier.delete(identifier);
    }
    people.delete(name);
  }

  const hashes = () => people.keys().toSorted();
  return {
    add(person) {
      const name = nameOf(person);
      const identifiers = identifiersOf(person);
      const value = typeof person.LOOKALIKE_VALUE === 'number' ? person.LOOKALIKE_VALUE : undefined;
      forget(name);
      people.set(name, { identifiers, value });
      for (const identifier of identifiers) {
        const names = byIdentifier.get(identifier) ?? new Set();
        byIdentifier.set(identifier, names.add(name));
      }
    },
    remove(person) {
      const identifiers = identifiersOf(person);
      if (identifiers.length === 0) forget(nameOf(person));
      for (const identifier of identifiers) {
        for (const name of byIdentifier.get(identifier) ?? []) forget(name);
      }
    },
    clear() {
      people.clear();
      byIdentifier.clear();
    },
    size: people.size,
    hashes,
    values: () =>
      Object.fromEntries(
        hashes().flatMap((name) => {
          const value = people.get(name)?.value;
          return value === undefined ? [] : [[name, value]];
        }),
      ),
  };
}

const PARTS = 16;

/** A Map of several parts: one alone takes no more than some eight million members, and a large audience has more. */
function splitMap<Value>() {
  const parts = Array.from({ length: PARTS }, () => new Map<string, Value>());
  const partOf = (key: string) => parts[(key.charCodeAt(key.length - 1) || 0) % PARTS]!;
  return {
    get: (key: string) => partOf(key).get(key),
    set: (key: string, value: Value) => void partOf(key).set(key, value),
    delete: (key: string) => void partOf(key).delete(key),
    clear: () => parts.forEach((part) => part.clear()),
    size: () => parts.reduce((sum, part) => sum + part.size, 0),
    keys: () => parts.flatMap((part) => [...part.keys()]),
  };
}

/** For example `EMAIL f190…`, best first. */
function identifiersOf(person: Person): string[] {
  return IDENTIFIERS.filter((key) => person[key]).map((key) => `${key} ${person[key]}`);
}

function nameOf(person: Person): string {
  const best = IDENTIFIERS.find((key) => person[key]);
  const { LOOKALIKE_VALUE: _, ...cells } = person;
  return String((best && person[best]) ?? Object.values(cells).join(' '));
}
