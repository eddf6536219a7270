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
/** The models a job computes, with the labels it gives of its own. */
export type ConfiguredModels = { [M in ModelName]?: { labels?: Labels<M> } };

/** `name` is `model.segment`, for example `lifecycle.at_risk`; `segment` is its last part. */
export type Segment = { name: string; model: ModelName; segment: string; label: string };

export const PLACEHOLDERS = ['label', 'segment', 'model', 'job'] as const;

/** @returns the segments of the job's models, in the order they are shown */
export function segmentsOf(models: ConfiguredModels): Segment[] {
  return (Object.keys(MODELS) as ModelName[]).flatMap((model) => {
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
}

/** @returns the full names (`model.segment`) of the job's segments, in the order they are shown */
export function modelSegments(models: ConfiguredModels): string[] {
  return segmentsOf(models).map((segment) => segment.name);
}

/**
 * @param pattern `lifecycle.top`, or with `*` for any text: `lifecycle.*`, `*`
 * @returns the segments it names, in their own order; none where it names none
 */
export function matchSegments(pattern: string, segments: readonly Segment[]): Segment[] {
  if (!/^[\w.*]+$/.test(pattern)) return [];
  const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`);
  return segments.filter((segment) => expression.test(segment.name));
}

/** @param template text with `{label}`, `{segment}`, `{model}` and `{job}`, as the job file gives it */
export function audienceName(template: string, segment: Segment, job: string): string {
  const words: Record<string, string> = { ...segment, job };
  return template.replace(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole).trim();
}
