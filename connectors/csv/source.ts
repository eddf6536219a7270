import type { SourceDefinition } from '../source.ts';
import { CsvSettings } from './schema.ts';

/** Orders, their lines, products, customers or events in delimited text files; see the README beside this file. */
export const csvSource: SourceDefinition<CsvSettings> = {
  type: 'csv',
  title: 'CSV files',
  settings: CsvSettings,
  identity(settings) {
    const paths = [settings.path].flat().toSorted();
    const place = settings.base_url === undefined ? [] : [settings.base_url];
    return ['csv', settings.format ?? settings.records, settings.event ?? '', ...place, ...paths].join(':');
  },
  extra_fields: (settings) => Object.keys(settings.extra),
  async open(settings, context) {
    const { openCsv } = await import('./pull.ts');
    return openCsv(settings, context);
  },
  async peek(place, signal) {
    if (!('path' in place)) throw new TypeError('a file has a path');
    const { peekCsv } = await import('./peek.ts');
    return peekCsv(place.path, place.encoding, signal);
  },
};
