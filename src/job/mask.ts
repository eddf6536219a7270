/** Replaces every secret in a text. Those of three characters or fewer would hide words and are no secrets. */
export function mask(text: string, secrets: ReadonlySet<string>): string {
  return [...secrets].reduce(
    (masked, secret) => (secret.length > 3 ? masked.replaceAll(secret, '***') : masked),
    text,
  );
}
