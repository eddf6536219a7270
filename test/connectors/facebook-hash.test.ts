import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashed, MATCH_KEYS, normalise, type MatchKey } from '../../connectors/facebook/hash.ts';

const VECTORS = join(import.meta.dirname, '../../../shared/platforms/meta-hash-vectors.json');
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test.each<[MatchKey, string, string]>([
  ['EMAIL', '  John.Smith@Example.COM \n', 'john.smith@example.com'],
  ['EMAIL', 'JANE+news@Example.co.uk', 'jane+news@example.co.uk'],
  ['EMAIL', 'vale\u0301ry@example.com', 'val\u00e9ry@example.com'],
  ['PHONE', '+1 (555) 987-6543', '15559876543'],
  ['PHONE', '0044 20 7946 0958', '442079460958'],
  ['PHONE', '+49 151 2345 6789 ext', '4915123456789'],
  ['GEN', 'Female', 'f'],
  ['GEN', 'M', 'm'],
  ['DOBY', '1984', '1984'],
  ['DOBM', '7', '07'],
  ['DOBD', '4', '04'],
  ['FN', '  Jean-Luc ', 'jeanluc'],
  ['FN', 'Vale\u0301ry', 'val\u00e9ry'],
  ['FN', '정', '정'],
  ['LN', "O'Connor", 'oconnor'],
  ['LN', 'Smith Jr.', 'smithjr'],
  ['FI', 'Mary', 'm'],
  ['CT', 'St. Louis', 'stlouis'],
  ['CT', 'São Paulo', 'saopaulo'],
  ['CT', 'Łódź', 'lodz'],
  ['ST', 'California', 'ca'],
  ['ST', 'North Rhine-Westphalia', 'northrhinewestphalia'],
  ['ZIP', '94025-1234', '94025'],
  ['ZIP', 'SW1A 1AA', 'sw1a1'],
  ['ZIP', 'K1A 0B1', 'k1a0b1'],
  ['COUNTRY', 'US', 'us'],
  ['COUNTRY', 'UK', 'gb'],
])('%s of %j is sent as the hash of %j', (key, input, normalised) => {
  expect(normalise(key, input)).toBe(normalised);
  expect(hashed(key, input)).toBe(createHash('sha256').update(normalised, 'utf8').digest('hex'));
});

test('the hash of an e-mail address is the one Meta prints in its guide', () => {
  expect(hashed('EMAIL', 'mary@example.com')).toBe(
    'f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79',
  );
});

test('what looks like a hash already is hashed all the same', () => {
  const looks = 'f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79';

  expect(hashed('EXTERN_ID', looks)).toBe(createHash('sha256').update(looks).digest('hex'));
  expect(hashed('EXTERN_ID', ' 42 ')).toBe(hashed('EXTERN_ID', '42'));
});

test('regions and postcodes go by the country where it is known', () => {
  expect(normalise('ST', 'Georgia', 'US')).toBe('ga');
  expect(normalise('ST', 'Georgia', 'GE')).toBe('georgia');
  expect(normalise('ZIP', '12345-6789', 'US')).toBe('12345');
  expect(normalise('ZIP', '12345-6789', 'SA')).toBe('12345-6789');
  expect(normalise('ZIP', 'SW1A 1AA', 'gb')).toBe('sw1a1');
  expect(normalise('ZIP', 'D02 AF30', 'IE')).toBe('d02af30');
  // Written as in the UK, and not of it.
  expect(normalise('ZIP', 'JE2 3AB', 'JE')).toBe('je23ab');
});

test.each<[MatchKey, string | undefined]>([
  ['EMAIL', undefined],
  ['EMAIL', ' '],
  ['EMAIL', 'nobody'],
  ['PHONE', '12'],
  ['PHONE', '1234567890123456'],
  ['FN', ' - '],
  ['CT', '東京'],
  ['ZIP', '-'],
  ['ZIP', ''],
  ['DOBM', '13'],
  ['GEN', 'unknown'],
  ['COUNTRY', 'Romania'],
])('%s of %j is an empty cell', (key, value) => {
  expect(hashed(key, value)).toBe('');
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.emailAddress(),
  fc.stringMatching(/^[ +0-9()-]{0,20}$/),
  fc.stringMatching(/^[A-Z0-9 -]{0,12}$/),
  fc.constantFrom('West Virginia', 'SW1A 1AA', 'ΑΣ Α', 'İ', 'e-\u0301', '™', 'ẞ', 'US'),
);

test('normalising twice changes nothing, and an empty string is never hashed', () => {
  const anyKey = fc.constantFrom(...MATCH_KEYS);
  const anyCountry = fc.constantFrom(undefined, '', 'US', 'GB', 'uk', 'RO');

  fc.assert(
    fc.property(anyKey, anyText, anyCountry, (key, text, country) => {
      const once = normalise(key, text, country);
      expect(normalise(key, once, country)).toBe(once);
      expect(hashed(key, text, country)).not.toBe(EMPTY_HASH);
      expect(hashed(key, text, country)).toMatch(/^([\da-f]{64})?$/);
    }),
    { numRuns: 3000 },
  );
});

describe.skipIf(!existsSync(VECTORS))('the whole list of vectors', () => {
  type Vector = { key: MatchKey; input: string; normalised: string; sha256: string };
  const vectors = existsSync(VECTORS)
    ? (JSON.parse(readFileSync(VECTORS, 'utf8')) as { hashed: Vector[] }).hashed
    : [];

  test.each(vectors)('$key of $input', ({ key, input, normalised, sha256 }) => {
    expect(normalise(key, input)).toBe(normalised);
    expect(hashed(key, input)).toBe(sha256);
  });
});
