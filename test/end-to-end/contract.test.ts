import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Exchange } from '../../connectors/sandbox-server.ts';
import { metaSpec } from '../connectors/facebook-spec.ts';
import { openApi } from '../connectors/openapi.ts';
import { byHand } from './by-hand.ts';
import { EARLIER, LATER, membershipOn, openCrowd } from './crowd.ts';
import type { Shop } from './shop.ts';

const meta = metaSpec();
const klaviyo = openApi('klaviyo.openapi.json');
const mailchimp = openApi('mailchimp-marketing.swagger.json');

/** What each platform's own description finds wrong with an exchange. */
const CHECKS: Record<string, (exchange: Exchange) => string[]> = {
  mailchimp: (exchange) => mailchimp?.check(plain(exchange, '')) ?? [],
  klaviyo: (exchange) => klaviyo?.check(plain(exchange, '/api')) ?? [],
  facebook: (exchange) => meta?.check(exchange) ?? [],
};

function plain({ request, reply }: Exchange, prefix: string) {
  const { method, path, query, body } = request;
  return { method, path: prefix + path, query, request: body, status: reply.status, reply: reply.body };
}

/** Every operation of a connector's client library, and the request it stands for; ids are written `ID`. */
const OPERATIONS: Record<string, Record<string, string>> = {
  mailchimp: {
    getRoot: 'GET /',
    getList: 'GET /lists/ID',
    batchListMembers: 'POST /lists/ID',
    getListMembersInfo: 'GET /lists/ID/members',
    getListMember: 'GET /lists/ID/members/ID',
    getListMemberTags: 'GET /lists/ID/members/ID/tags',
    updateListMember: 'PATCH /lists/ID/members/ID',
    deleteListMemberPermanent: 'POST /lists/ID/members/ID/actions/delete-permanent',
    listSegments: 'GET /lists/ID/segments',
    createSegment: 'POST /lists/ID/segments',
    updateSegment: 'PATCH /lists/ID/segments/ID',
    batchSegmentMembers: 'POST /lists/ID/segments/ID',
    getSegmentMembersList: 'GET /lists/ID/segments/ID/members',
    getListMergeFields: 'GET /lists/ID/merge-fields',
    addListMergeField: 'POST /lists/ID/merge-fields',
  },
  klaviyo: {
    getLists: 'GET /lists',
    createList: 'POST /lists',
    getList: 'GET /lists/ID',
    updateList: 'PATCH /lists/ID',
    getProfilesForList: 'GET /lists/ID/profiles',
    addProfilesToList: 'POST /lists/ID/relationships/profiles',
    removeProfilesFromList: 'DELETE /lists/ID/relationships/profiles',
    getProfiles: 'GET /profiles',
    updateProfile: 'PATCH /profiles/ID',
    bulkImportProfiles: 'POST /profile-bulk-import-jobs',
    getBulkImportProfilesJobs: 'GET /profile-bulk-import-jobs',
    getBulkImportProfilesJob: 'GET /profile-bulk-import-jobs/ID',
    getErrorsForBulkImportProfilesJob: 'GET /profile-bulk-import-jobs/ID/import-errors',
    requestProfileDeletion: 'POST /data-privacy-deletion-jobs',
  },
  facebook: {
    'AdAccount.read': 'GET /act_ID',
    debug_token: 'GET /debug_token',
    'AdAccount.getCustomAudiences': 'GET /act_ID/customaudiences',
    'AdAccount.createCustomAudience': 'POST /act_ID/customaudiences',
    'AdAccount.deleteUsersOfAnyAudience': 'DELETE /act_ID/usersofanyaudience',
    'CustomAudience.read': 'GET /ID',
    'CustomAudience.update': 'POST /ID',
    'CustomAudience.delete': 'DELETE /ID',
    'CustomAudience.createUser': 'POST /ID/users',
    'CustomAudience.createUser to remove': 'DELETE /ID/users',
    'CustomAudience.createUsersReplace': 'POST /ID/usersreplace',
  },
};
const PLATFORMS = Object.keys(OPERATIONS);

function routeOf({ request: { method, path, body } }: Exchange): string {
  const meant = (body as { method?: string } | undefined)?.method ?? method;
  const route = path
    .replace(/^\/lists\/sandbox/, '/lists/ID')
    .replace(/act_\d+/, 'act_ID')
    .replaceAll(/\/(?=[^/]*\d)[\w-]+(?=\/|$)/g, '/ID');
  return `${meant} ${route}`;
}

/** How the operations are written in a connector. */
const CALLS: Record<string, RegExp> = {
  mailchimp: /\bapi\.(?:lists|root)\.(\w+)\(/g,
  klaviyo: /\bapi\.(?:lists|profiles|privacy)\.(\w+)\(/g,
  facebook: /\b(adAccount|audience)\([^()]*\)\s*\.(\w+)\(|'(createUser\w*)'|'(debug_token)'/g,
};

/** The operations in the source of a connector. */
async function operationsOf(platform: string): Promise<Set<string>> {
  const folder = join(import.meta.dirname, '../../connectors', platform);
  const files = (await readdir(folder)).filter((name) => /^(?!sandbox).*\.ts$/.test(name));
  const found = new Set<string>();
  for (const name of files) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const [, owner, method, ...others] of text.matchAll(CALLS[platform]!)) {
      const [upload, alone] = others;
      if (platform !== 'facebook') found.add(owner!);
      else if (owner) found.add(`${owner === 'audience' ? 'CustomAudience' : 'AdAccount'}.${method}`);
      else found.add(upload ? `CustomAudience.${upload}` : alone!);
    }
  }
  return found;
}

/** Who grows lost between the two days, and whom Mailchimp does not know. */
const [STRANGER = ''] = membershipOn(LATER).Lost.filter(
  (email) => !membershipOn(EARLIER).Lost.includes(email),
);
const [LABELLED = '', PICKED = ''] = membershipOn(EARLIER).Lost.filter((email) =>
  membershipOn(LATER).Lost.includes(email),
);
const BAD = 'somebody@localhost';

function jobOf(
  names: { mailchimp: string; klaviyo: string; facebook: string },
  ratio: number,
): (job: string) => string {
  const lookalikes = `lookalikes: [{ countries: [RO], ratio: ${ratio} }]`;
  const people =
    '  - { type: csv, records: customers, path: people.csv, columns: { email: mail, tags: labels } }\n';
  return (job) =>
    job
      .replace('segments:', () => `${people}segments:`)
      .replace(/(type: mailchimp.*)audiences: .*/, (_, line: string) => {
        const more = 'new_contacts: transactional, properties: { STAGE: lifecycle, LABELS: tags }';
        return `${line}${more}, audiences: [{ segment: lifecycle.lost, tag: '${names.mailchimp}' }] }`;
      })
      .replace(/(type: klaviyo.*)audiences: .*/, (_, line: string) => {
        const audiences = `[{ segment: lifecycle.*, list: '${names.klaviyo}' }]`;
        return `${line}properties: [lifecycle, tags], audiences: ${audiences} }`;
      })
      .replace(/(type: facebook.*)audiences: .*/, (_, line: string) => {
        const seed = `{ segment: lifecycle.lost, value: revenue, ${lookalikes} }`;
        const others = `{ segment: lifecycle.at_risk, audience: '${names.facebook}' }, { segment: lifecycle.active }`;
        return `${line}replace: when_cheaper, orphans: remove, audiences: [${seed}, ${others}] }`;
      });
}

/** Everything the program ever does at its platforms, in one shop's life. */
async function live(): Promise<Shop> {
  const buyers = Object.values(membershipOn(EARLIER)).flat();
  const known = buyers.filter((email) => email !== STRANGER).map((email) => ({ email }));
  const archived = Array.from({ length: 1001 }, (_, id) => ({
    email: `old${id}@shop.test`,
    status: 'archived',
  }));
  const shop = await openCrowd(['mailchimp', 'klaviyo', 'facebook'], { people: [...known, ...archived] });
  const written = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const write = (...options: Parameters<typeof jobOf>) => shop.write('job.yaml', jobOf(...options)(written));
  const label = (labels: string) => shop.write('people.csv', `mail,labels\n${LABELLED},${labels}\n`);
  const orders = await readFile(join(shop.folder, 'orders.csv'), 'utf8');
  const run = async (...args: string[]) => (await shop.json('run', 'job.yaml', ...args)).status;

  await write({ mailchimp: 'Lost', klaviyo: '{label}', facebook: 'At risk' }, 0.01);
  await label('vip');
  expect((await shop.cli('check', 'job.yaml')).code).toBe(0);
  expect(await run('--as-of', EARLIER)).toBe('done');

  await write({ mailchimp: 'Quiet', klaviyo: 'Stage: {label}', facebook: 'Cold' }, 0.02);
  await label('');
  await byHand(shop).takeOutOfList('Lost', [PICKED]);
  // Should Mailchimp want a status with every contact of a batch, they are updated one by one.
  const errors = [{ field: 'members.item:0.status', message: 'This value should not be blank.' }];
  const problem = { type: 'x', title: 'Invalid Resource', status: 400, detail: 'x', instance: 'x', errors };
  shop.sandbox.fault({
    platform: 'mailchimp',
    method: 'POST',
    path: '^/lists/sandbox$',
    skip: 1,
    status: 400,
    body: problem,
    content_type: 'application/problem+json',
  });
  await shop.write('orders.csv', `${orders}#bad,${BAD},paid,EUR,9.00,9.00,2024-01-01 12:00:00 +0000\n`);
  expect(await run('--as-of', LATER, '--reconcile')).toBe('partial');
  expect((await shop.cli('erase', LABELLED, '--jobs', '.')).code).toBe(0);
  return shop;
}

test.skipIf(!meta || !klaviyo || !mailchimp)(
  'in a whole life of a shop all that can be asked is asked, as the platforms describe it, and nothing else',
  { timeout: 300_000 },
  async () => {
    const { exchanges } = (await live()).sandbox;

    for (const platform of PLATFORMS) {
      const own = exchanges.filter((one) => one.platform === platform);
      const breaches = own.flatMap((exchange) => CHECKS[platform]!(exchange));
      expect.soft([...new Set(breaches)], platform).toEqual([]);
      const routes = [...new Set(own.map(routeOf))].toSorted();
      expect.soft(routes, platform).toEqual(Object.values(OPERATIONS[platform]!).toSorted());
    }
  },
);

test.each(PLATFORMS)(
  'every operation in the source of the connector to %s is among those that are tried',
  async (platform) => {
    const tried = Object.keys(OPERATIONS[platform]!).map((name) => name.replace(/ .*/, ''));

    expect([...(await operationsOf(platform))].toSorted()).toEqual([...new Set(tried)].toSorted());
  },
);
