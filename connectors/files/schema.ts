import { z } from 'zod';
import { checkColumns, columnSettings } from '../columns.ts';

const Shape = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      'File, glob or list of them, relative to the job file; or `s3://bucket/key`, where * stands for any letters but /.',
    ),
  format: z
    .enum(['parquet', 'jsonl'])
    .optional()
    .describe(
      'What the files hold; by the end of their names when absent: .parquet, .jsonl, .ndjson, .json.',
    ),
  ...columnSettings,
  columns: columnSettings.columns
    .unwrap()
    .describe('Our name of a field, and the column it stands in; of nested objects with dots.'),
  decimal: z
    .enum(['.', ','])
    .default('.')
    .describe('Decimal sign of amounts that are texts; the other one may separate thousands.'),
  dates: z
    .enum(['iso', 'ymd', 'dmy', 'mdy'])
    .default('iso')
    .describe('Order of day, month and year in dates that are texts; never guessed.'),
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
});

export type FilesSettings = z.output<typeof Shape>;

/** Settings of the source `files`. */
export const FilesSettings = Shape.superRefine((settings, context) => {
  const problem = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  checkColumns(settings, context);
  if (!settings.access_key !== !settings.secret_key) {
    problem('secret_key', '`access_key` and `secret_key` go together');
  }
  for (const path of [settings.path].flat()) {
    if (path.startsWith('s3:') && !/^s3:\/\/[a-z0-9][a-z0-9.-]+\/.+/.test(path)) {
      problem('path', 'write s3://BUCKET/KEY, for example s3://my-shop/orders/*.parquet');
    }
  }
});
