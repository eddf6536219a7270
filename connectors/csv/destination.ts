import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

const CsvFolder = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('Folder for the files, relative to the job file; made when it is missing.'),
});
export type CsvFolder = z.output<typeof CsvFolder>;

/** Audiences as files in a folder, one each, written whole at every change. */
export const csvDestination: DestinationDefinition<CsvFolder> = {
  type: 'csv',
  title: 'CSV files',
  audience_word: 'file',
  settings: CsvFolder,
  identifiers: ['email', 'phone'],
  consent: { channel: 'email', rule: 'ignore' },
  account: ({ path }) => path,
  floor: ({ add, remove }) => (add + remove > 0 ? 1 : 0),
  async open(settings, context) {
    const { openFolder } = await import('./folder.ts');
    return openFolder(settings, context);
  },
};
