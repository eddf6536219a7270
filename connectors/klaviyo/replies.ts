import { z } from 'zod';

/**
 * Klaviyo's answers as they travel, and of them only what is used. The SDK's own reading of them takes anything: it
 * turns a stranger's JSON into an empty page.
 */

const Links = z.object({ next: z.string().nullish() }).nullish();

export const Lists = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string().nullish() }) })),
  links: Links,
});

export const List = z.object({ data: z.object({ id: z.string() }) });

export const CountedList = z.object({
  data: z.object({ attributes: z.object({ profile_count: z.int().nonnegative() }) }),
});

const Profile = z.object({
  id: z.string(),
  attributes: z.object({ email: z.string().nullish(), phone_number: z.string().nullish() }),
});
export type Profile = z.infer<typeof Profile>;

export const Profiles = z.object({ data: z.array(Profile), links: Links });

const Job = z.object({
  id: z.string(),
  attributes: z.object({
    status: z.enum(['queued', 'processing', 'complete', 'cancelled']),
    failed_count: z.number().nullish(),
  }),
});
export type Job = z.infer<typeof Job>;

export const ImportJob = z.object({ data: Job });
export const ImportJobs = z.object({ data: z.array(Job) });

/** Whether it is a profile or its attributes alone is not documented. */
const OriginalPayload = z.looseObject({
  id: z.string().nullish(),
  email: z.string().nullish(),
  phone_number: z.string().nullish(),
  attributes: z.looseObject({ email: z.string().nullish(), phone_number: z.string().nullish() }).nullish(),
});

export const ImportErrors = z.object({
  data: z.array(
    z.object({
      attributes: z.object({
        code: z.string(),
        title: z.string(),
        detail: z.string(),
        source: z.object({ pointer: z.string().nullish() }).nullish(),
        original_payload: OriginalPayload.nullish().catch(undefined),
      }),
    }),
  ),
  links: Links,
});

/** A refusal of a request; `pointer` names the place in it. */
export const Refusals = z.object({
  errors: z
    .array(
      z.object({
        code: z.string().catch(''),
        title: z.string().catch(''),
        detail: z.string().catch(''),
        source: z.object({ pointer: z.string().nullish() }).nullish().catch(undefined),
      }),
    )
    .min(1),
});
export type Refusal = z.infer<typeof Refusals>['errors'][number];
