import { literal } from '../../engine/literal.ts';
import { ANSWERS, CONSENT_WORDS } from '../../../connectors/index.ts';
import { texts } from './sql.ts';

/**
 * Cells in SQL, as the CSV source reads them in JavaScript (connectors/csv/cells.ts and connectors/words.ts).
 */

/** What JavaScript takes for white space, for a class of characters in a pattern. */
export const SPACE =
  '\\x09-\\x0d\\x20\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';

const EDGES = literal(`^[${SPACE}]+|[${SPACE}]+$`);
const PLAIN_SPACE = literal('\t\n\v\f\r ');

/** Without white space around it. Most cells hold no other letters than those of ASCII, and a pattern costs far more. */
export function trimmed(text: string): string {
  return `if(isASCII(${text}), trim(BOTH ${PLAIN_SPACE} FROM ${text}), replaceRegexpAll(${text}, ${EDGES}, ''))`;
}

/** Of few different texts: what is made of it is made once for each of them. */
export function few(text: string): string {
  return `toLowCardinality(${text})`;
}

/** One word for "On hold", "on-hold" and "ON_HOLD". */
export function word(text: string): string {
  return `replaceRegexpAll(lowerUTF8(${text}), ${literal(`[${SPACE}_-]+`)}, '_')`;
}

/** In small letters and composed form, or '' where it is no address. */
export function email(text: string): string {
  const lower = `lowerUTF8(${text})`;
  const address = `if(isASCII(${text}), ${lower}, normalizeUTF8NFC(${lower}))`;
  return `if(match(${lower}, ${literal(`^[^${SPACE}@]+@[^${SPACE}@]+$`)}), ${address}, '')`;
}

/** The same of addresses in ASCII letters; `isPlainEmail` says which are. */
export function plainEmail(text: string): string {
  return `lower(${text})`;
}

export function isPlainEmail(text: string): string {
  return `(${text} = '' OR match(${text}, '^[!-?A-~]+@[!-?A-~]+$'))`;
}

/** Without the apostrophe that spreadsheets put in front of digits. */
export function digits(text: string): string {
  return `if(startsWith(${text}, '\\''), substring(${text}, 2), ${text})`;
}

/** ISO 3166-1 alpha-2, or ''. */
export function country(text: string): string {
  return `if(match(${text}, '^[A-Za-z][A-Za-z]$'), upper(${text}), '')`;
}

/** ISO 4217, or '' where the cell is neither a code nor blank. */
export function currency(text: string, fallback: string): string {
  return `multiIf(${text} = '', ${literal(fallback)}, match(${text}, '^[A-Za-z][A-Za-z][A-Za-z]$'), upper(${text}), '')`;
}

/** The different parts of a cell that lists several. */
export function list(text: string): string {
  return `arrayFilter(part -> part != '', arrayDistinct(arrayMap(part -> ${trimmed('part')}, splitByChar(',', ${text}))))`;
}

export function consent(text: string): string {
  const [words, meanings] = [texts(CONSENT_WORDS.keys()), texts(CONSENT_WORDS.values())];
  return `transform(${word(text)}, ${words}, ${meanings}, 'unknown')`;
}

/** True, false, or NULL where it is neither of their words. */
export function answer(text: string): string {
  const said = word(text);
  return `multiIf(${said} IN (${saying(true)}), true, ${said} IN (${saying(false)}), false, NULL)`;
}

function saying(answer: boolean): string {
  const words = [...ANSWERS].filter(([, said]) => said === answer);
  return words.map(([word]) => literal(word)).join(', ');
}

/** As `JSON.stringify` writes a text. */
export function jsonText(text: string): string {
  const named = { '\\': '\\\\', '"': '\\"', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' };
  const others = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => !(character in named),
  );
  const escapes = [
    ...Object.entries(named),
    ...others.map((character) => [character, JSON.stringify(character).slice(1, -1)] as const),
  ];
  const escaped = escapes.reduce(
    (inner, [from, to]) => `replaceAll(${inner}, ${literal(from)}, ${literal(to)})`,
    text,
  );
  return `concat('"', if(match(${text}, '[\\\\x00-\\\\x1f"\\\\\\\\]'), ${escaped}, ${text}), '"')`;
}
