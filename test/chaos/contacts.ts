import type { Shop } from '../end-to-end/shop.ts';

/** What the platforms know of people's consent, by platform and address, each as one text. */
export type Contacts = Map<string, string>;

/** Reads of every contact what the platforms tell of them. */
export async function contactsOf({
  sandbox,
}: Shop): Promise<{ said: Contacts; profiles: Map<string, string> }> {
  const ask = async <T>(url: string, authorization: string): Promise<T> => {
    // Links name Klaviyo's own host.
    const { pathname, search } = new URL(url, sandbox.url);
    const answer = await fetch(`${sandbox.url}${pathname}${search}`, { headers: { authorization } });
    if (!answer.ok) throw new Error(`GET ${url}: ${answer.status}`);
    return (await answer.json()) as T;
  };
  const key = `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}`;
  const list = '/3.0/lists/sandbox/members?count=1000';
  const { members } = await ask<{ members: { email_address: string }[] }>(list, key);
  const said: Contacts = new Map(
    members.map((one) => [`mailchimp ${one.email_address}`, JSON.stringify(one)]),
  );
  const profiles = new Map<string, string>();
  type Page = {
    data: { id: string; attributes: { email: string; subscriptions: unknown } }[];
    links: { next: string | null };
  };
  let next: string | null = '/api/profiles?page[size]=100&additional-fields[profile]=subscriptions';
  while (next) {
    const page: Page = await ask<Page>(next, 'Klaviyo-API-Key sandbox');
    for (const { id, attributes } of page.data) {
      profiles.set(id, attributes.email);
      said.set(`klaviyo ${attributes.email}`, JSON.stringify(attributes.subscriptions));
    }
    next = page.links.next;
  }
  return { said, profiles };
}
