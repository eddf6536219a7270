import { z } from 'zod';
import type { Member, RemoteAudience } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Api } from './api.ts';
import type { Call } from './explain.ts';
import { changeMembers } from './list-members.ts';
import { profilesOf } from './lookup.ts';
import type { Profile } from './replies.ts';

const Accepted = z.object({ status: z.literal(202) });

/**
 * Takes a person off our lists at once, and has Klaviyo delete their profiles with all they hold, which it does later
 * and tells nobody about. A profile that only shares the phone number is somebody else's and stays.
 */
export async function erase(
  api: Api,
  member: Member,
  audiences: readonly RemoteAudience[],
): Promise<{ done: string[]; requests: number }> {
  const { key, email, phone } = member;
  const keys = [
    ...new Set([key, ...(email ? [`email:${email}`] : []), ...(phone ? [`phone:${phone}`] : [])]),
  ];
  const found = await profilesOf(api, 'klaviyo', keys);
  const own = found.filter((profile) => isTheirs(profile, keys));
  const done: string[] = [];
  let total = 0;
  if (own.length > 0) {
    for (const { remote_id } of audiences) total += await takeOff(api, remote_id, own);
    if (audiences.length > 0) done.push(`Klaviyo: taken off ${audiences.length} lists of this program.`);
  }
  for (const { id } of own) total += await requestDeletion(api, id);
  const profiles = own.length === 1 ? 'the profile' : `${own.length} profiles`;
  done.push(
    own.length > 0
      ? `Klaviyo: asked to delete ${profiles} with everything in it. It does so later; https://www.klaviyo.com/account/deleted tells when it has.`
      : 'Klaviyo: no profile of this person.',
  );
  if (found.length > own.length) {
    done.push('Klaviyo: kept a profile that has the same phone number and another e-mail address.');
  }
  return { done, requests: total };
}

/** The address decides; a number alone only where the profile has no address, or the person has none. */
function isTheirs({ attributes: { email } }: Profile, keys: readonly string[]): boolean {
  const addresses = keys.filter((key) => key.startsWith('email:'));
  return !email || addresses.length === 0 || addresses.includes(`email:${email.toLowerCase()}`);
}

async function takeOff(api: Api, list: string, profiles: readonly Profile[]): Promise<number> {
  const ids = profiles.map(({ id }) => id);
  try {
    return (await changeMembers(api, { where: `klaviyo list ${list}`, id: list }, 'remove', ids)).requests;
  } catch (error) {
    if (error instanceof SyncError && error.problem.code === 'AUDIENCE_GONE') return 0;
    throw error;
  }
}

async function requestDeletion(api: Api, id: string): Promise<number> {
  const call: Call = { where: 'klaviyo', what: 'delete a profile', scopes: ['data-privacy:write'] };
  // Exactly one identifier is allowed. The id meets this profile only, an address every profile that has it.
  const profile = { data: { type: 'profile' as const, id, attributes: {} } };
  const { requests } = await api.ask(call, Accepted, async () => {
    const { response } = await api.privacy.requestProfileDeletion({
      data: { type: 'data-privacy-deletion-job', attributes: { profile } },
    });
    return response;
  });
  return requests;
}
