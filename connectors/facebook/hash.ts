import { hash } from 'node:crypto';
import { US_STATES } from './us-states.ts';

/** A value as Meta wants it before hashing; '' where it cannot be used. `country` is normalised, or ''. */
type Rule = (value: string, country: string) => string;

const RULES = {
  EMAIL: (value) => {
    const email = value.trim().toLowerCase().normalize('NFC');
    return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? email : '';
  },
  PHONE: (value) => {
    const digits = value.replace(/\D/g, '').replace(/^0+/, '');
    return digits.length >= 7 && digits.length <= 15 ? digits : '';
  },
  GEN: (value) => /^(f|m)(emale|ale)?$/.exec(value.trim().toLowerCase())?.[1] ?? '',
  DOBY: (value) => /^\d{4}$/.exec(value.trim())?.[0] ?? '',
  DOBM: (value) => twoDigits(value, 12),
  DOBD: (value) => twoDigits(value, 31),
  FN: personName,
  LN: personName,
  FI: (value) => [...personName(value)][0] ?? '',
  CT: latinLetters,
  ST: (value, country) => {
    const letters = latinLetters(value);
    return country === 'us' || country === '' ? (US_STATES[letters] ?? letters) : letters;
  },
  ZIP: zip,
  COUNTRY: countryCode,
  // Hashing is optional here; ours is the shop's own name for a customer, which is nobody else's business.
  EXTERN_ID: (value) => value.trim(),
} satisfies Record<string, Rule>;

/** The keys of Meta's customer file that are hashed. */
export type MatchKey = keyof typeof RULES;
export const MATCH_KEYS = Object.keys(RULES) as MatchKey[];

/**
 * Writes a value as Meta wants it before hashing. Normalising twice changes nothing.
 *
 * @param country the person's, in any case; ST and ZIP differ by it, and without it go by their own shape
 * @returns '' where the value is missing or cannot be used
 */
export function normalise(key: MatchKey, value: string | undefined, country?: string): string {
  const rule: Rule = RULES[key];
  return rule(value ?? '', countryCode(country ?? ''));
}

/**
 * Normalises and hashes one value of the customer file.
 *
 * @returns SHA-256 in lower-case hex, or '' (never the hash of '') where the value is missing or cannot be used
 */
export function hashed(key: MatchKey, value: string | undefined, country?: string): string {
  const normalised = normalise(key, value, country);
  return normalised === '' ? '' : hash('sha256', normalised);
}

/** Letters of any script, in one canonical form: stripping can bring a mark next to a letter, hence NFC after it. */
function personName(value: string): string {
  const letters = value.toLowerCase().replace(/[^\p{L}\p{M}]/gu, '');
  return letters.normalize('NFC');
}

/** Letters that Unicode does not take apart into a Latin letter and a mark. */
const WHOLE_LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

function latinLetters(value: string): string {
  const plain = value.normalize('NFKD').toLowerCase();
  return plain.replace(/[ßæœøđðłþı]/g, (letter) => WHOLE_LETTERS[letter] ?? '').replace(/[^a-z]/g, '');
}

/** Five digits in the US; in the UK without the last two letters (area, district and sector stay). */
function zip(value: string, country: string): string {
  const code = value.toLowerCase().replace(/\s/g, '');
  if (country === 'us') return /^(\d{5})(-?\d{4})?$/.exec(code)?.[1] ?? '';
  if (country === '' && /^\d{5}-\d{4}$/.test(code)) return code.slice(0, 5);
  if ((country === 'gb' || country === '') && /^[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}$/.test(code)) {
    return code.slice(0, -2);
  }
  return /[a-z\d]/.test(code) ? code : '';
}

function countryCode(value: string): string {
  const code = /^[a-z]{2}$/.exec(value.trim().toLowerCase())?.[0] ?? '';
  return code === 'uk' ? 'gb' : code;
}

function twoDigits(value: string, most: number): string {
  const digits = /^\d{1,2}$/.exec(value.trim())?.[0] ?? '0';
  return Number(digits) >= 1 && Number(digits) <= most ? digits.padStart(2, '0') : '';
}
