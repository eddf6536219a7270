import type { Shop } from './shop.ts';

/** What somebody does to the shop's audiences by hand, through the platforms' own APIs. */
export function byHand(shop: Shop) {
  async function call(method: string, path: string, headers: object, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${shop.sandbox.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  const mailchimp = { authorization: `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}` };
  const klaviyo = { authorization: 'Klaviyo-API-Key sandbox' };

  async function tagPath(name: string): Promise<string> {
    const path = '/3.0/lists/sandbox/segments';
    const { segments } = (await call('GET', `${path}?count=1000`, mailchimp)) as {
      segments: { id: number; name: string }[];
    };
    return `${path}/${segments.find((one) => one.name === name)!.id}`;
  }

  async function listPath(name: string): Promise<string> {
    const filter = encodeURIComponent(`equals(name,"${name}")`);
    const lists = (await call('GET', `/api/lists?filter=${filter}`, klaviyo)) as { data: { id: string }[] };
    return `/api/lists/${lists.data[0]!.id}`;
  }

  async function profileIds(emails: readonly string[]): Promise<string[]> {
    const found = await Promise.all(
      emails.map((email) => {
        const filter = encodeURIComponent(`equals(email,"${email}")`);
        return call('GET', `/api/profiles?filter=${filter}`, klaviyo) as Promise<{ data: { id: string }[] }>;
      }),
    );
    return found.map(({ data }) => data[0]!.id);
  }

  /** Takes people off the list of this name at Klaviyo. */
  async function takeOutOfList(name: string, emails: readonly string[]): Promise<void> {
    const data = (await profileIds(emails)).map((id) => ({ type: 'profile', id }));
    await call('DELETE', `${await listPath(name)}/relationships/profiles`, klaviyo, { data });
  }

  return {
    /** Deletes the audience of this name at a platform. */
    async deleteAudience(platform: 'mailchimp' | 'klaviyo' | 'facebook', name: string): Promise<void> {
      if (platform === 'mailchimp') await call('DELETE', await tagPath(name), mailchimp);
      if (platform === 'klaviyo') await call('DELETE', await listPath(name), klaviyo);
      if (platform === 'facebook') {
        const { id } = shop.state().facebook.audiences[name]!;
        await call('DELETE', `/v26.0/${id}?access_token=sandbox`, {});
      }
    },
    /** Takes people out of the audience of this name, where a person can. */
    async takeOut(name: string, emails: readonly string[]): Promise<void> {
      await call('POST', await tagPath(name), mailchimp, { members_to_remove: emails });
      await takeOutOfList(name, emails);
    },
    takeOutOfList,
    /** Makes a list at Klaviyo. @returns its id */
    async makeList(name: string): Promise<string> {
      const body = { data: { type: 'list', attributes: { name } } };
      return ((await call('POST', '/api/lists', klaviyo, body)) as { data: { id: string } }).data.id;
    },
    /** Makes a custom audience at Facebook. @returns its id */
    async makeAudience(name: string): Promise<string> {
      const body = { name, subtype: 'CUSTOM', customer_file_source: 'USER_PROVIDED_ONLY' };
      const path = '/v26.0/act_1/customaudiences?access_token=sandbox';
      return ((await call('POST', path, {}, body)) as { id: string }).id;
    },
    /** The addresses on a list at Klaviyo, up to a hundred. */
    async peopleOn(list: string): Promise<string[]> {
      const path = `/api/lists/${list}/profiles?page[size]=100`;
      const { data } = (await call('GET', path, klaviyo)) as { data: { attributes: { email: string } }[] };
      return data.map(({ attributes }) => attributes.email);
    },
  };
}
