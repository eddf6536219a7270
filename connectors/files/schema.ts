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
    .enum(['parquet', 'jsonl', 'ga4'])
    .optional()
    .describe(
      'What the files hold; by the end of their names when absent: .parquet, .jsonl, .ndjson, .json. `ga4` is the BigQuery export of Google Analytics 4 in either, and excludes `columns`.',
    ),
  ...columnSettings,
  columns: columnSettings.columns.describe(
    'Our name of a field, and the column it stands in; of nested objects with dots. Needed unless `format` is ga4.',
  ),
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

/** Settings of the source `files`: `columns` for files of any shape, or none for the one that is known. */
export const FilesSettings = Shape.superRefine((settings, context) => {
  const { format, columns, extra, event, records } = settings;
  checkStorage(settings, context);
  if (format !== 'ga4') {
    if (columns) return checkColumns(settings, context);
    return context.addIssue({
      code: 'custom',
      path: ['columns'],
      message: 'is needed unless `format` is ga4',
    });
  }
  const set = {
    columns,
    event,
    extra: Object.keys(extra)[0],
    records: records === 'orders' ? undefined : records,
  };
  for (const [setting, value] of Object.entries(set)) {
    if (value === undefined) continue;
    const message = '`format: ga4` knows its columns, and what they hold are visits';
    context.addIssue({ code: 'custom', path: [setting], message });
  }
});
