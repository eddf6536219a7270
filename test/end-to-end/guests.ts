import { sha256, type DestinationType } from './crowd.ts';
import type { Shop } from './shop.ts';

const GUEST = 'guest@elsewhere.example';

/**
 * Puts somebody into every audience through the platforms' own APIs, as another program of the same shop might.
 * @returns who that is, by destination
 */
export async function addGuests(shop: Shop): Promise<Partial<Record<DestinationType, string[]>>> {
  const call = async (path: string, headers: Record<string, string>, body?: unknown): Promise<unknown> => {
    const method = body === undefined ? 'GET' : 'POST';
    const answer = await fetch(`${shop.sandbox.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };

  const mailchimp = { authorization: `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}` };
  const { segments } = (await call('/3.0/lists/sandbox/segments?count=100', mailchimp)) as {
    segments: { id: number }[];
  };
  for (const { id } of segments) {
    await call(`/3.0/lists/sandbox/segments/${id}`, mailchimp, { members_to_add: [GUEST] });
  }

  const klaviyo = { authorization: 'Klaviyo-API-Key sandbox' };
  const lists = (await call('/api/lists', klaviyo)) as { data: { id: string }[] };
  for (const { id } of lists.data) {
    const job = (await call('/api/profile-bulk-import-jobs', klaviyo, {
      data: {
        type: 'profile-bulk-import-job',
        attributes: { profiles: { data: [{ type: 'profile', attributes: { email: GUEST } }] } },
        relationships: { lists: { data: [{ type: 'list', id }] } },
      },
    })) as { data: { id: string } };
    // The imitation does the work at the second look.
    for (let look = 0; look < 2; look += 1)
      await call(`/api/profile-bulk-import-jobs/${job.data.id}`, klaviyo);
  }

  for (const [index, { id }] of Object.values(shop.state().facebook.audiences).entries()) {
    await call(
      `/v26.0/${id}/users?access_token=sandbox`,
      {},
      {
        payload: { schema: ['EMAIL'], data: [[sha256(GUEST)]] },
        session: { session_id: index + 1, batch_seq: 1, last_batch_flag: true, estimated_num_total: 1 },
      },
    );
  }
  return { mailchimp: [GUEST], klaviyo: [GUEST], facebook: [GUEST] };
}
