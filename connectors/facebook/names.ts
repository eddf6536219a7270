/**
 * Words in a name for which Meta flags audiences: hints at somebody's health or money. Meta publishes no list; these
 * are its own examples ("arthritis", "diabetes", "credit score", "high income") and their nearest kin.
 */
const SENSITIVE =
  /\b(arthriti\w*|asthma\w*|bankrup\w*|cancers?|credit\w*|debts?|depress\w*|diabet\w*|disab\w*|diseas\w*|health\w*|hiv|illness\w*|incomes?|insolven\w*|loans?|medic\w*|mortgage\w*|obes\w*|patients?|pregnan\w*|salar(y|ies)|sick\w*|wealth\w*)\b/i;

/** The word in a name that may get the audience flagged, if any. */
export function sensitiveWord(name: string): string | undefined {
  return SENSITIVE.exec(name)?.[0];
}
