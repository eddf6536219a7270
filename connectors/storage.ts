import { z } from 'zod';

/** Settings of every source that reads files here or in S3-compatible storage. */
export const storageSettings = {
  access_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .optional()
    .describe(
      'Access key of the storage, with the right to list and read; without it objects must be public.',
    ),
  secret_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .optional()
    .describe('Secret key that belongs to `access_key`.'),
  region: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
  base_url: z.url().optional().describe('Another storage than that of AWS: scheme, host and port.'),
};

/** Where to read, and as whom. */
const Storage = z.object(storageSettings).extend({ path: z.union([z.string(), z.array(z.string())]) });
export type StorageSettings = z.output<typeof Storage>;

/** Reports half a key and paths that no storage has. */
export function checkStorage(
  { access_key, secret_key, path }: StorageSettings,
  context: z.RefinementCtx,
): void {
  const problem = (setting: string, message: string) =>
    context.addIssue({ code: 'custom', path: [setting], message });
  if (!access_key !== !secret_key) {
    problem('secret_key', '`access_key` and `secret_key` go together');
  }
  for (const pattern of [path].flat()) {
    if (isStored(pattern) && !/^s3:\/\/[a-z0-9][a-z0-9.-]+\/.+/.test(pattern)) {
      problem('path', 'write s3://BUCKET/KEY, for example s3://my-shop/orders/*.parquet');
    }
  }
}

export function isStored(pattern: string): boolean {
  return pattern.startsWith('s3:');
}
