import type { Member } from '../destination.ts';
import { hashed, type MatchKey } from './hash.ts';

/** One schema for every addition and one for every removal: Meta refuses a change of schema within a session. */
export const ADD_SCHEMA: readonly MatchKey[] = ['EMAIL', 'PHONE', 'FN', 'LN', 'CT', 'ST', 'ZIP', 'COUNTRY'];
export const REMOVE_SCHEMA: readonly MatchKey[] = ['EMAIL', 'PHONE'];

/**
 * A member ready to be sent, or the reason why not. The row's first two cells are EMAIL and PHONE, in both schemas.
 * `dropped` counts identifiers left out because they cannot be hashed.
 */
export type Upload =
  { key: string; row: string[]; dropped: number } | { key: string; row?: undefined; reason: string };

/**
 * The row that adds a member. The identifier in the member's key must be in it, since removal goes by that one;
 * the other identifier is dropped where it cannot be hashed.
 */
export function addition(member: Member): Upload {
  const { email, phone } = member;
  const row = [
    hashed('EMAIL', email),
    hashed('PHONE', phone),
    hashed('FN', member.first_name),
    hashed('LN', member.last_name),
    hashed('CT', member.city),
    hashed('ST', member.region, member.country),
    hashed('ZIP', member.zip, member.country),
    hashed('COUNTRY', member.country),
  ];
  const dropped = (email && !row[0] ? 1 : 0) + (phone && !row[1] ? 1 : 0);
  return refusal(member.key, row) ?? { key: member.key, row, dropped };
}

/** The row that removes a member: by the identifier in its key alone, the only one known for certain. */
export function removal(member: Member): Upload {
  const { email, phone } = keyIdentifier(member.key);
  const row = [hashed('EMAIL', email), hashed('PHONE', phone)];
  return refusal(member.key, row) ?? { key: member.key, row, dropped: 0 };
}

function keyIdentifier(key: string): { email?: string; phone?: string } {
  if (key.startsWith('email:')) return { email: key.slice('email:'.length) };
  return key.startsWith('phone:') ? { phone: key.slice('phone:'.length) } : {};
}

function refusal(key: string, [email, phone]: string[]): Upload | undefined {
  const [cell, word] = key.startsWith('phone:') ? [phone, 'phone number'] : [email, 'e-mail address'];
  return cell ? undefined : { key, reason: `invalid ${word}` };
}
