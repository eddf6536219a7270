/** Things worth telling once, with how often they happened. */
export type Notes = { add(what: string, word?: string): void; texts(): string[] };

const LISTED_WORDS = 10;

export function createNotes(): Notes {
  const notes = new Map<string, { count: number; words: Set<string> }>();
  return {
    add(what, word) {
      const note = notes.get(what) ?? { count: 0, words: new Set() };
      notes.set(what, note);
      note.count += 1;
      // Only what looks like a word of Shopify's: nothing of a person may come into a message.
      if (word && /^[a-z_]{1,30}$/.test(word) && note.words.size < LISTED_WORDS) note.words.add(word);
    },
    texts: () =>
      [...notes].map(([what, { count, words }]) => {
        const list = words.size > 0 ? `: ${[...words].toSorted().join(', ')}` : '';
        return `${what}${list} (${count})`;
      }),
  };
}
