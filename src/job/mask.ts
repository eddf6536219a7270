/**
 * Replaces every secret in a text, also as it stands in addresses and headers. Those of three characters or fewer would
 * hide words and are no secrets.
 */
export function mask(text: string, secrets: ReadonlySet<string>): string {
  return [...secrets]
    .filter((secret) => secret.length > 3)
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    .reduce((masked, form) => masked.replaceAll(form, '***'), text);
}
