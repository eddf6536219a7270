import { z } from 'zod';
import { checkColumns, columnSettings } from '../columns.ts';
import { checkStorage, storageSettings } from '../storage.ts';

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
  ...storageSettings,
});

export type FilesSettings = z.output<typeof Shape>;

/** Settings of the source `files`. */
export const FilesSettings = Shape.superRefine((settings, context) => {
  checkColumns(settings, context);
  checkStorage(settings, context);
});
