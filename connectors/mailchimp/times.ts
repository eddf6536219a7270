/** A time as Mailchimp takes it: to the second, with an offset. */
export function apiTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}+00:00`;
}

/** A time of Mailchimp's in our form; undefined where it is none. */
export function isoTime(text: string | undefined): string | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
