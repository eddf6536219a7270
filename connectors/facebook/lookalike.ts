import type { Audience } from './audience.ts';
import { sensitiveWord } from './names.ts';
import type { LookalikeSettings } from './schema.ts';

/** Which people of which countries a lookalike takes: two with the same are the same to Meta. */
export type Likeness = { countries: string[]; from: number; to: number };

export function likenessOf({ countries, ratio }: LookalikeSettings): Likeness {
  const { from, to } = typeof ratio === 'number' ? { from: 0, to: ratio } : ratio;
  return { countries: [...new Set(countries)].toSorted(), from: rounded(from), to: rounded(to) };
}

/** Reads it off an existing lookalike; Meta shows one country in one field and several in another. */
export function likenessIn({ lookalike_spec: spec }: Audience): Likeness | undefined {
  if (!spec) return undefined;
  const countries = spec.target_countries?.length ? spec.target_countries : [spec.country ?? ''];
  // The two sizes that have a name: the top 1 % and the top 5 %.
  const to = spec.ratio ?? (spec.type === 'reach' ? 0.05 : 0.01);
  return { countries: countries.toSorted(), from: rounded(spec.starting_ratio ?? 0), to: rounded(to) };
}

export function isSame(a: Likeness, b?: Likeness): boolean {
  return b !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether a lookalike is made of this seed, as either of the two tells. */
export function isMadeOf(
  lookalike: Audience,
  seed: { id: string; lookalike_audience_ids?: string[] },
): boolean {
  const origins = lookalike.lookalike_spec?.origin ?? [];
  return (
    lookalike.subtype === 'LOOKALIKE' &&
    (origins.some(({ id }) => id === seed.id) || (seed.lookalike_audience_ids ?? []).includes(lookalike.id))
  );
}

/** The text Meta wants for `lookalike_spec`; it refuses unknown keys and wrong types. */
export function specText(settings: LookalikeSettings, valued: boolean): string {
  const { countries, from, to } = likenessOf(settings);
  const [country] = countries;
  return JSON.stringify({
    // A seed whose members have a value wants this named.
    ...(valued ? { type: 'custom_ratio' } : {}),
    ...(from > 0 ? { starting_ratio: from } : {}),
    ratio: to,
    ...(countries.length === 1 ? { country } : { location_spec: { geo_locations: { countries } } }),
    ...(settings.allow_international_seeds ? { allow_international_seeds: true } : {}),
  });
}

/**
 * Named as Meta's own pages do: size, countries and seed. A seed with a word that may get the lookalike flagged goes by
 * its number.
 */
export function lookalikeName(settings: LookalikeSettings, seed: { id: string; name: string }): string {
  if (settings.name) return settings.name;
  const { countries, from, to } = likenessOf(settings);
  const size = from > 0 ? `${percent(from)} to ${percent(to)}` : percent(to);
  const of = sensitiveWord(seed.name) ? `audience ${seed.id}` : seed.name;
  return `Lookalike (${countries.join(', ')}, ${size}) - ${of}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Shares are hundredths; as numbers they come back with a tail. */
function rounded(share: number): number {
  return Math.round(share * 100) / 100;
}
