/** What an answer's text turned out to be. */
export type Read =
  | { value: unknown; /** PHP wrote messages of its own in front. */ notices: boolean }
  | { broken: 'empty' | 'cut off' | 'a page' | 'no JSON' };

/** A notice may hold brackets of its own; so many are looked at. */
const MOST_BRACKETS = 200;

/**
 * Reads JSON as WordPress sends it. Hosts that show PHP's messages put them in front of it: they are passed over where
 * all that follows them is one whole JSON value, so that no part is taken for the whole.
 */
export function readAnswer(text: string): Read {
  const bare = text.replace(/^\uFEFF+/, '').trim();
  if (bare === '') return { broken: 'empty' };
  const whole = parsed(bare);
  if (whole) return { ...whole, notices: false };
  if (/^[[{]/.test(bare)) return { broken: 'cut off' };
  // PHP that runs out of memory or time says so in place of the rest.
  if (/\bFatal error\b/i.test(bare.slice(0, 2_000))) return { broken: 'cut off' };
  if (/\b(Warning|Notice|Deprecated|Strict Standards)\b/i.test(bare.slice(0, 2_000))) {
    const behind = behindNotices(bare);
    if (behind) return { ...behind, notices: true };
    if (/[[{]"?/.test(bare) && !/<html|<!doctype/i.test(bare)) return { broken: 'cut off' };
  }
  return { broken: /^\s*</.test(bare) ? 'a page' : 'no JSON' };
}

/** The value begins a line or follows a tag; what stands deeper in it follows a colon or a comma. */
function behindNotices(text: string): { value: unknown } | undefined {
  const starts = text.matchAll(/(?<=[\n>]\s*)[[{]/g).take(MOST_BRACKETS);
  for (const { index } of starts) {
    const found = parsed(text.slice(index));
    if (found) return found;
  }
  return undefined;
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
