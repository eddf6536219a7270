/**
 * SQL: stands for a member of an audience, as a number of sixteen bytes, which is grouped several times faster than a
 * text; hashing two columns at once takes three times as long as one. Two of them are never the same in practice: among a
 * thousand million members the odds are one in 10^20.
 */
export function memberHash(audience: string, member: string): string {
  return `bitXor(reinterpretAsUInt128(sipHash128(${member})), toUInt128(${audience}))`;
}
