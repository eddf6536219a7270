import type { DestinationDefinition } from '../../connectors/index.ts';
import { readAudienceSettings, type AudienceSettings } from './audience-settings.ts';
import { AudienceGuard, type Guard } from './guard-settings.ts';
import type { Finding, Path } from './problems.ts';
import {
  audienceName,
  matchFamilies,
  matchSegments,
  MODELS,
  modelsOf,
  segmentsOf,
  type ConfiguredModels,
  type Segment,
} from './segments.ts';
import { didYouMean } from './suggest.ts';

/**
 * One segment (`lifecycle.top`) and what the destination calls it; `holdout` is the share kept out, if any. Of several
 * segments together, `segment` is their pattern (`lifecycle.*`), and `together` has the holdout of each.
 */
export type Audience = AudienceSettings & {
  segment: string;
  name: string;
  holdout?: number;
  together?: Record<string, number>;
  /** What is not as the job's guard says. */
  guard?: Partial<Guard>;
};

/** The segments of an audience, with the share of each that is kept out. */
export function segmentShares({
  segment,
  holdout = 0,
  together,
}: Omit<Audience, 'name'>): [string, number][] {
  return Object.entries(together ?? { [segment]: holdout });
}

/** The holdout that one entry gives a segment, and where it stands. */
export type GivenHoldout = { segment: string; share: number; path: Path };

/** An entry whose pattern may name segments that only a run finds, those of a `per_category` entry. */
export type OpenAudience = AudienceSettings & {
  pattern: string;
  template: string;
  holdout?: number;
  /** They join the audience of this pattern instead of having their own. */
  together?: true;
  guard?: Partial<Guard>;
};

/**
 * Works out the audiences of one destination from what its `audiences` says. Entries of a wrong form are passed
 * over: the schema reports those.
 * @param entries as they stand in the file, each with its place in the list; `path` is that of the list
 */
export function expandAudiences(
  entries: readonly [index: number, entry: Record<string, unknown>][],
  options: { definition: DestinationDefinition; path: Path; job: string; models: ConfiguredModels },
): { audiences: Audience[]; open: OpenAudience[]; holdouts: GivenHoldout[]; findings: Finding[] } {
  const { audience_word: word } = options.definition;
  const segments = segmentsOf(options.models);
  const audiences: Audience[] = [];
  const open: OpenAudience[] = [];
  const holdouts: GivenHoldout[] = [];
  const findings: Finding[] = [];
  const taken = new Map<string, string>();
  for (const [index, entry] of entries) {
    const { segment: pattern, holdout: share, [word]: template = '{label}' } = entry;
    if (typeof pattern !== 'string' || typeof template !== 'string') continue;
    const matched = matchSegments(pattern, segments);
    const found = matchFamilies(pattern, options.models).length > 0;
    const { given: own, findings: wrong } = readAudienceSettings(entry, options.definition, [
      ...options.path,
      index,
    ]);
    findings.push(...wrong);
    const guard = AudienceGuard.optional().safeParse(entry.guard).data;
    const given = { ...own, ...(guard ? { guard } : {}) };
    const unite = pattern.includes('*') && options.definition.together?.(own.settings) === true;
    if (unite && /\{(?!job\})/.test(template))
      findings.push(noOneLabel(template, [...options.path, index], word));
    const held = typeof share === 'number' ? { holdout: share } : {};
    if (found) {
      open.push({ pattern, template, ...held, ...(unite ? { together: true } : {}), ...given });
      if (typeof share === 'number')
        holdouts.push({ segment: pattern, share, path: [...options.path, index, 'holdout'] });
    }
    if (matched.length === 0 && !found)
      findings.push(
        unknownSegment(
          pattern,
          [...options.path, index, 'segment'],
          segments.map(({ name }) => name),
          modelsOf(options.models).map((name) => `${name}.*`),
        ),
      );
    const clashes: string[] = [];
    for (const segment of unite ? [allOf(pattern)] : matched) {
      const name = audienceName(template, segment, options.job);
      // Platforms and disks differ in whether capitals tell names apart; none needs two that differ only by them.
      const other = taken.get(name.toLowerCase());
      if (other) clashes.push(`"${name}" would be the ${word} of ${other} and of ${segment.name}`);
      taken.set(name.toLowerCase(), segment.name);
      const together = Object.fromEntries(matched.map((one) => [one.name, 0]));
      audiences.push({ segment: segment.name, name, ...(unite ? { together } : {}), ...given });
    }
    if (typeof share === 'number') {
      const path = [...options.path, index, 'holdout'];
      holdouts.push(...matched.map(({ name: segment }) => ({ segment, share, path })));
    }
    if (clashes[0]) findings.push(sameName(clashes, [...options.path, index], word));
  }
  return { audiences, open, holdouts, findings };
}

/**
 * @param names full names of the segments there are
 * @param patterns what else may stand in this place
 */
export function unknownSegment(
  pattern: string,
  path: Path,
  names: readonly string[],
  patterns: readonly string[] = [],
): Finding {
  const models = [...new Set(names.map((name) => name.split('.')[0]!))];
  const model = pattern.split('.')[0] ?? '';
  const short = names.filter((name) => name.endsWith(`.${pattern}`));
  return {
    code: 'CONFIG_UNKNOWN_SEGMENT',
    path,
    at: 'value',
    what: `"${pattern}" is no segment of this job.`,
    why: isModel(pattern) && !models.includes(model) ? `Its model is not under segments.` : undefined,
    fix: [
      didYouMean(pattern, [...names, ...patterns]) ?? (short[0] && `Did you mean "${short[0]}"?`),
      `Segments here: ${names.join(', ') || 'none'}.`,
    ]
      .filter(Boolean)
      .join(' '),
  };
}

/** All segments of a pattern, as if they were one. */
function allOf(pattern: string): Segment {
  return { name: pattern, model: 'custom', segment: pattern, label: pattern };
}

function noOneLabel(template: string, path: Path, word: string): Finding {
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'value',
    what: `"${template}" does not name one ${word} of several segments.`,
    fix: `Write the name of the ${word}, such as ${word}: customers.`,
  };
}

function isModel(pattern: string): boolean {
  return [...Object.keys(MODELS), 'custom'].some(
    (model) => pattern === model || pattern.startsWith(`${model}.`),
  );
}

function sameName(clashes: readonly string[], path: Path, word: string): Finding {
  const more = clashes.length > 1 ? ` (and ${clashes.length - 1} more)` : '';
  return {
    code: 'CONFIG_DUPLICATE',
    path,
    at: 'value',
    what: `${clashes[0]}${more}.`,
    why: `Each ${word} of a destination holds one segment.`,
    fix: `Give one of them another ${word}; {label}, {segment} and {model} tell segments apart.`,
  };
}
