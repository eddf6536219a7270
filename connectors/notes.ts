import { NOTED_WORDS, noteText } from './reasons.ts';

/** Things worth telling once of a source or a file, with how often they happened. */
export type Notes = { add(what: string, word?: string): void; texts(): string[] };

/** @param of what they are of, for people: a file's name, a shop */
export function createNotes(of: string): Notes {
  const notes = new Map<string, { count: number; words: Set<string> }>();
  return {
    add(what, word) {
      const note = notes.get(what) ?? { count: 0, words: new Set() };
      notes.set(what, note);
      note.count += 1;
      // Only what looks like a word: a shifted column must not bring a person's data into a message.
      if (word && /^[\p{L}_]{1,30}$/u.test(word) && note.words.size < NOTED_WORDS) note.words.add(word);
    },
    texts: () => [...notes].map(([what, { count, words }]) => noteText(of, what, count, words)),
  };
}
