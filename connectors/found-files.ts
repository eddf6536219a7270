import { findFiles, versionAt, type LocalFile } from './local-files.ts';
import { listObjects, type StoredObject } from './s3.ts';
import type { SourceContext } from './source.ts';
import { isStored, type StorageSettings } from './storage.ts';

/**
 * A file here or in the storage. `version` is greater for a file changed later; of two changed at once, for the one
 * later in the alphabet.
 */
export type FoundFile = (LocalFile | StoredObject) & { version: number };

/**
 * Finds the files of a source, oldest change first.
 * @throws SyncError `SOURCE_MISSING_FILE` for a pattern without any file, `SOURCE_REFUSED`, `SOURCE_UNREADABLE`
 */
export async function findAll(settings: StorageSettings, context: SourceContext): Promise<FoundFile[]> {
  const patterns = [settings.path].flat();
  const local = patterns.filter((pattern) => !isStored(pattern));
  const found = new Map<string, LocalFile | StoredObject>();
  for (const file of await findFiles(local, context.folder)) found.set(file.path, file);
  for (const pattern of patterns.filter(isStored)) {
    for (const object of await listObjects(pattern, settings, context)) found.set(object.name, object);
  }
  return [...found.values()]
    .toSorted((a, b) => a.modified_ms - b.modified_ms || (a.name < b.name ? -1 : 1))
    .map((file, index) => ({ ...file, version: versionAt(file.modified_ms, index) }));
}
