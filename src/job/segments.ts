/**
 * The models and their segments, in the order they are shown, with the label each has unless the job file gives
 * another. Lifecycle labels are plain words: an advertising platform reads the names of its audiences. No two labels
 * are the same, so that one destination can hold every segment by its label.
 */
export const MODELS = {
  lifecycle: { top: 'Top', active: 'Active', at_risk: 'At risk', lost: 'Lost' },
  value_engagement: {
    true_champions: 'True Champions',
    faithful_supporters: 'Faithful Supporters',
    spenders_at_risk: 'Spenders at Risk',
    excited_shoppers: 'Excited Shoppers',
    curious_entrants: 'Curious Entrants',
    average_buyers: 'Average Buyers',
    silent_quitters: 'Silent Quitters',
  },
  engagement: { high: 'Actively engaged', medium: 'Passively engaged', low: 'Disengaged' },
  value_tier: { high: 'High value', medium: 'Medium value', low: 'Low value' },
} as const;

export type ModelName = keyof typeof MODELS;
type Labels<M extends ModelName> = Partial<Record<keyof (typeof MODELS)[M], string>>;

/** A segment that the job file defines, or (`per_category`) a family of them, one for each category. */
type OwnSegment = { name: string; label?: string; per_category?: { rest: string } };

/** The models a job computes, with the labels it gives of its own. */
export type ConfiguredModels = { [M in ModelName]?: { labels?: Labels<M> } } & {
  custom?: readonly OwnSegment[];
};

/** `name` is `model.segment`, for example `lifecycle.at_risk`; `segment` is what follows the model. */
export type Segment = { name: string; model: ModelName | 'custom'; segment: string; label: string };

/** A category that runs have found: `segment` is the last part of its segment's name, `key` the category in small letters. */
export type Category = { key: string; segment: string; label: string };

/** The categories of each `per_category` entry, by its name. */
export type Categories = Readonly<Record<string, readonly Category[]>>;

/** The segment of those whose categories are too small for their own. */
export const REST = 'rest';

export const PLACEHOLDERS = ['label', 'segment', 'model', 'job'] as const;

/**
 * @param categories those that runs have found; without them, a `per_category` entry has only its `rest`
 * @returns the segments of the job's models, in the order they are shown
 */
export function segmentsOf(models: ConfiguredModels, categories: Categories = {}): Segment[] {
  const built = (Object.keys(MODELS) as ModelName[]).flatMap((model) => {
    const configured = models[model];
    if (!configured) return [];
    const own: Record<string, string | undefined> = configured.labels ?? {};
    return Object.entries(MODELS[model]).map(([segment, label]) => ({
      name: `${model}.${segment}`,
      model,
      segment,
      label: own[segment] ?? label,
    }));
  });
  const custom = (models.custom ?? []).flatMap(({ name, label, per_category }) => {
    if (!per_category) return [ownSegment(name, label ?? plainLetters(name))];
    const before = label ? `${label}: ` : '';
    const found = (categories[name] ?? []).map((category) =>
      ownSegment(`${name}.${category.segment}`, before + category.label),
    );
    return [...found, ownSegment(`${name}.${REST}`, before + per_category.rest)];
  });
  return [...built, ...custom];
}

function ownSegment(segment: string, label: string): Segment {
  return { name: `custom.${segment}`, model: 'custom', segment, label };
}

/** `shoe_lovers` as a label: `Shoe lovers`. */
function plainLetters(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @returns the models of a job in the order they are shown; `custom` is the last */
export function modelsOf(models: ConfiguredModels): string[] {
  const built = (Object.keys(MODELS) as ModelName[]).filter((model) => models[model]);
  return models.custom ? [...built, 'custom'] : built;
}

/** @returns the full names (`model.segment`) of the job's segments, in the order they are shown */
export function modelSegments(models: ConfiguredModels): string[] {
  return segmentsOf(models).map((segment) => segment.name);
}

/**
 * @param pattern as in `matchSegments`
 * @returns the `per_category` entries that may have segments of this pattern
 */
export function matchFamilies(pattern: string, models: ConfiguredModels): string[] {
  if (!isPattern(pattern)) return [];
  const [head = ''] = pattern.split('*');
  return (models.custom ?? [])
    .filter(({ per_category }) => per_category)
    .map(({ name }) => name)
    .filter((name) => {
      const begin = `custom.${name}.`;
      return head.startsWith(begin) || (head !== pattern && begin.startsWith(head));
    });
}

function isPattern(text: string): boolean {
  return /^[\w.*]+$/.test(text);
}

/**
 * @param pattern `lifecycle.top`, or with `*` for any text: `lifecycle.*`, `*`
 * @returns the segments it names, in their own order; none where it names none
 */
export function matchSegments(pattern: string, segments: readonly Segment[]): Segment[] {
  if (!isPattern(pattern)) return [];
  const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`);
  return segments.filter((segment) => expression.test(segment.name));
}

/** @param template text with `{label}`, `{segment}`, `{model}` and `{job}`, as the job file gives it */
export function audienceName(template: string, segment: Segment, job: string): string {
  const words: Record<string, string> = { ...segment, job };
  return template.replace(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole).trim();
}
