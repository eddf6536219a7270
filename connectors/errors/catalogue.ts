import { DESTINATION_ERRORS } from './destinations.ts';
import type { ErrorEntry } from './entry.ts';
import { PROGRAM_ERRORS } from './program.ts';
import { SETTINGS_ERRORS } from './settings.ts';
import { SOURCE_ERRORS } from './sources.ts';

/** Every code that the program can show, by what it is about. One that is not here does not compile. */
export const ERROR_CATALOGUE = {
  'Job files, settings and arguments': SETTINGS_ERRORS,
  Sources: SOURCE_ERRORS,
  'Destinations and audiences': DESTINATION_ERRORS,
  'Runs, store and program': PROGRAM_ERRORS,
};

export type ErrorCode =
  | keyof typeof SETTINGS_ERRORS
  | keyof typeof SOURCE_ERRORS
  | keyof typeof DESTINATION_ERRORS
  | keyof typeof PROGRAM_ERRORS;

export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = {
  ...SETTINGS_ERRORS,
  ...SOURCE_ERRORS,
  ...DESTINATION_ERRORS,
  ...PROGRAM_ERRORS,
};
