/**
 * SQL: stands for a member of an audience in sixteen bytes. Two of them are never the same in practice: among a thousand
 * million members the odds are one in 10^20.
 */
export function memberHash(audience: string, member: string): string {
  return `sipHash128(${audience}, ${member})`;
}
