import type { SourceDefinition } from '../source.ts';
import { FilesSettings } from './schema.ts';

/** Rows in Parquet files or lines of JSON, here or in S3-compatible storage; see the README beside this file. */
export const filesSource: SourceDefinition<FilesSettings> = {
  type: 'files',
  title: 'Parquet and JSON files',
  settings: FilesSettings,
  identity({ path, format, records, event, base_url }) {
    const what = format === 'ga4' ? format : records;
    return ['files', what, event ?? '', base_url ?? '', ...[path].flat().toSorted()].join(':');
  },
  extra_fields: (settings) => Object.keys(settings.extra),
  async open(settings, context) {
    const { openFiles } = await import('./pull.ts');
    return openFiles(settings, context);
  },
};
