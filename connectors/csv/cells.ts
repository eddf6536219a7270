import { NOTES } from '../reasons.ts';
import type { Notes } from '../notes.ts';
import { ANSWERS, wordOf } from '../words.ts';

/** Lower case; what cannot be an address (no @, or a space in it) is left out and counted. */
export function emailOf(text: string, notes: Notes): string | undefined {
  if (text === '') return undefined;
  const email = text.toLowerCase();
  if (/^[^\s@]+@[^\s@]+$/.test(email)) return email;
  notes.add(NOTES.email);
  return undefined;
}

/** Yes or no in one of its usual words; another word is left out and counted. */
export function answerOf(text: string, notes: Notes): boolean | undefined {
  if (text === '') return undefined;
  const answer = ANSWERS.get(wordOf(text));
  if (answer === undefined) notes.add(NOTES.machine);
  return answer;
}

/** Spreadsheets put an apostrophe in front of digits that shall stay text: '02138, '+4930123456. */
export function digitsOf(text: string): string | undefined {
  return text.replace(/^'/, '') || undefined;
}

/** ISO 3166-1 alpha-2, upper case; a country's name gives undefined. */
export function countryOf(text: string): string | undefined {
  return /^[a-z]{2}$/i.test(text) ? text.toUpperCase() : undefined;
}

/** ISO 4217, upper case; `fallback` where the cell is blank, undefined where it is no code. */
export function currencyOf(text: string, fallback: string): string | undefined {
  if (text === '') return fallback;
  return /^[a-z]{3}$/i.test(text) ? text.toUpperCase() : undefined;
}

/** The different parts of a cell that lists several, separated by commas. */
export function listOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...new Set(parts)].filter((part) => part !== '');
}

/** Splits at the last space: "Maria del Mar Ruiz" is Maria del Mar, Ruiz. */
export function namesOf(name: string): { first_name?: string; last_name?: string } {
  const space = name.lastIndexOf(' ');
  if (space === -1) return name === '' ? {} : { first_name: name };
  return { first_name: name.slice(0, space).trim(), last_name: name.slice(space + 1) };
}
