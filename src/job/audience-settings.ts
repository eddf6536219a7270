import type { DestinationDefinition } from '../../connectors/index.ts';
import { FIELDS, type FieldName, type FieldType } from './fields.ts';
import type { Finding, Path } from './problems.ts';
import { didYouMean } from './suggest.ts';

/** What an entry of `audiences` says beside its segment, its name and the holdout. */
export type AudienceSettings = {
  /** As the destination defines them, defaults filled in; absent where it defines none. */
  settings?: unknown;
  /** The profile field that says what a member is worth there. */
  value_field?: FieldName;
};

/** Types that can say what a member is worth. */
const WORTH: readonly FieldType[] = ['money', 'number'];

/**
 * Reads the destination's own settings of one entry of `audiences`. Wrong ones are passed over: the schema tells them.
 * @param entry as it stands in the file, at `path`
 */
export function readAudienceSettings(
  entry: Record<string, unknown>,
  definition: DestinationDefinition,
  path: Path,
): { given: AudienceSettings; findings: Finding[] } {
  const own = definition.audience_settings?.strip().safeParse(entry);
  if (!own?.success) return { given: {}, findings: [] };
  const given: AudienceSettings = Object.keys(own.data).length > 0 ? { settings: own.data } : {};
  const field = definition.value_field?.(own.data);
  if (field === undefined) return { given, findings: [] };
  if (isWorth(field)) return { given: { ...given, value_field: field }, findings: [] };
  const setting = Object.keys(entry).find((key) => entry[key] === field);
  return { given, findings: [noWorth(field, setting === undefined ? path : [...path, setting])] };
}

function isWorth(field: string): field is FieldName {
  return Object.hasOwn(FIELDS, field) && WORTH.includes(FIELDS[field as FieldName].type);
}

function noWorth(field: string, path: Path): Finding {
  const known = Object.hasOwn(FIELDS, field);
  const names = Object.keys(FIELDS).filter(isWorth);
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'value',
    what: known ? `"${field}" does not say what a member is worth.` : `There is no field "${field}".`,
    why: 'It takes a profile field that is an amount of money or a number.',
    fix: (known ? undefined : didYouMean(field, names)) ?? `Fields to take: ${names.join(', ')}.`,
  };
}
