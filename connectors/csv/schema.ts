import { z } from 'zod';
import { checkColumns, columnSettings } from '../columns.ts';
import { checkStorage, storageSettings } from '../storage.ts';

const Shape = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      'File, glob or list of them, relative to the job file; or `s3://bucket/key`, where * stands for any letters but /. gzip and zstd are unpacked.',
    ),
  format: z.literal('shopify').optional().describe("Shopify's orders export as it is. Excludes `columns`."),
  ...columnSettings,
  delimiter: z.string().length(1).optional().describe('Found in the header line when absent: , ; tab or |.'),
  decimal: z.enum(['.', ',']).default('.').describe('Decimal sign; the other one may separate thousands.'),
  dates: z
    .enum(['iso', 'ymd', 'dmy', 'mdy'])
    .default('iso')
    .describe('Order of day, month and year; never guessed.'),
  encoding: z
    .string()
    .refine(isEncoding, 'is not the name of an encoding, for example utf-8, windows-1250, iso-8859-2')
    .optional()
    .describe('Found when absent: byte order mark, else UTF-8, else windows-1252 with a warning.'),
  ...storageSettings,
});

export type CsvSettings = z.output<typeof Shape>;

/** Settings of the source `csv`: `format` for a file that is known, `columns` for any other. */
export const CsvSettings = Shape.superRefine((settings, context) => {
  const { columns, format, records, extra } = settings;
  const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  checkStorage(settings, context);
  if (columns && !format) return checkColumns(settings, context);
  const isCustomers = records === 'customers' && !format;
  if (!isCustomers && Object.keys(extra).length > 0)
    problem(['extra'], '`extra` belongs to `records: customers`');
  if (!columns === !format) {
    return problem(['format'], 'give either `format: shopify` or `columns`, one of the two');
  }
  if (records !== 'orders') problem(['records'], '`format: shopify` holds orders');
});

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
