import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';

/** Trimmed, in small letters and Unicode's composed form (NFC), or '' where it is no address: one `@` with something on both sides and no space. */
export function normaliseEmail(email: string | undefined): string {
  const address = email?.trim().toLowerCase().normalize('NFC') ?? '';
  return /^[^\s@]+@[^\s@]+$/.test(address) ? address : '';
}

/**
 * E.164, or '' where the number cannot be dialled. A number without country code is read as one of `country`
 * (ISO 3166-1 alpha-2).
 */
export function normalisePhone(phone: string | undefined, country: string | undefined): string {
  if (!phone?.trim()) return '';
  const parsed = parsePhoneNumberFromString(phone, country?.toUpperCase() as CountryCode | undefined);
  return parsed?.isPossible() ? parsed.number : '';
}
