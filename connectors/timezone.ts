/** @returns whether this is the name of an IANA time zone, such as Europe/Bucharest */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
