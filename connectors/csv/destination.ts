import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

const CsvFolder = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('Folder for the files, relative to the job file; made when it is missing.'),
  bom: z
    .boolean()
    .default(false)
    .describe('Whether files begin with the byte order mark of UTF-8, by which Excel knows their letters.'),
});
export type CsvFolder = z.output<typeof CsvFolder>;

const CsvAudience = z.object({
  one_file: z
    .boolean()
    .optional()
    .describe(
      'Whether the customers of all these segments stand in one file, once each, instead of in a file for each segment.',
    ),
});

/** Audiences as files in a folder, written whole at every change. */
export const csvDestination: DestinationDefinition<CsvFolder> = {
  type: 'csv',
  title: 'CSV files',
  audience_word: 'file',
  settings: CsvFolder,
  identifiers: ['email', 'phone'],
  consent: { channel: 'email', rule: 'ignore' },
  account: ({ path }) => path,
  audience_settings: CsvAudience,
  together: (settings) => (settings as z.output<typeof CsvAudience> | undefined)?.one_file === true,
  columns: ['email', 'phone', 'customer_id', 'first_name', 'last_name', 'city', 'region', 'zip', 'country'],
  floor: ({ add, remove }) => (add + remove > 0 ? 1 : 0),
  async open(settings, context) {
    const { openFolder } = await import('./folder.ts');
    return openFolder(settings, context);
  },
};
