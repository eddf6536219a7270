import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import type { SandboxAudience } from './sandbox-audiences.ts';
import { fromJson, missing, param, refuse, textParam } from './sandbox-replies.ts';

const Ratio = z
  .number()
  .min(0.01)
  .max(0.2)
  .refine((ratio) => Math.abs(ratio * 100 - Math.round(ratio * 100)) < 1e-9);
/** Since January 2026 wrong types and unknown keys are refused in every version. */
const Spec = z.strictObject({
  type: z.enum(['similarity', 'reach', 'custom_ratio']).optional(),
  ratio: Ratio.optional(),
  starting_ratio: Ratio.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  location_spec: z
    .strictObject({
      geo_locations: z.strictObject({
        countries: z.array(z.string()).optional(),
        country_groups: z.array(z.string()).optional(),
      }),
    })
    .optional(),
  allow_international_seeds: z.boolean().optional(),
});

/** Fewest people a seed may have. */
const FEWEST = 100;

export type Lookalike = { origin_audience_id: string; spec: z.output<typeof Spec> };

/** Reads a request for a lookalike, or answers why there will be none. */
export function readLookalike(
  request: SandboxRequest,
  audiences: ReadonlyMap<string, SandboxAudience>,
): Lookalike | SandboxReply {
  const origin_audience_id = textParam(request, 'origin_audience_id');
  const origin = audiences.get(origin_audience_id);
  if (!origin) return missing(origin_audience_id);
  const text = param(request, 'lookalike_spec');
  const parsed = Spec.safeParse(typeof text === 'string' ? fromJson(text) : undefined);
  if (!parsed.success) return refuse(100, 'Param lookalike_spec must be a JSON text of known fields');

  const spec = parsed.data;
  const failed = 'Failed to create the custom audience';
  if (!spec.country && !spec.location_spec) {
    return refuse(2654, failed, { subcode: 1713159, title: 'Country or location is missing' });
  }
  if (spec.ratio === undefined && spec.type === undefined)
    return refuse(100, 'Param ratio or type is required');
  if (origin.members.size() < FEWEST) return refuse(2654, `${failed}: source audience too small`);
  const same = ({ lookalike }: SandboxAudience) =>
    lookalike?.origin_audience_id === origin_audience_id &&
    JSON.stringify(lookalike.spec) === JSON.stringify(spec);
  if ([...audiences.values()].some(same)) {
    return refuse(2654, failed, { subcode: 1713007, title: "Can't Create a Duplicate Lookalike" });
  }
  return { origin_audience_id, spec };
}
