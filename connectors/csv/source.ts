import type { SourceDefinition } from '../source.ts';
import { CsvSettings } from './schema.ts';

/** Orders, customers or events in delimited text files; see the README beside this file. */
export const csvSource: SourceDefinition<CsvSettings> = {
  type: 'csv',
  title: 'CSV files',
  settings: CsvSettings,
  identity(settings) {
    const paths = [settings.path].flat().toSorted();
    return ['csv', settings.format ?? settings.records, settings.event ?? '', ...paths].join(':');
  },
  async open(settings, context) {
    const { openCsv } = await import('./pull.ts');
    return openCsv(settings, context);
  },
};
