import { hash } from 'node:crypto';

/** How many members there are, and a number that stands for who they are, in whatever order. */
export type CountedMembers = { members: number; sum: string };

/** Of millions, whose names are more than one message or text can hold. */
export function countMembers(members: Iterable<string>): CountedMembers {
  let count = 0;
  let sum = 0n;
  for (const member of members) {
    count += 1;
    sum += hash('sha256', member, 'buffer').readBigUInt64LE();
  }
  return { members: count, sum: String(BigInt.asUintN(64, sum)) };
}
