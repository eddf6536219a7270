import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SandboxRequest } from '../../connectors/index.ts';
import { ended, openCrowd, sha256 } from './crowd.ts';
import type { Shop } from './shop.ts';

const SECRETS = {
  MAILCHIMP_API_KEY: 'canary0mailchimp0key-us1',
  KLAVIYO_API_KEY: 'canary0klaviyo0key',
  META_ACCESS_TOKEN: 'canary0meta0token',
  ENGINE_PASSWORD: 'canary0engine0password',
};
const ADDRESSES = ['linnet', 'siskin', 'brambling', 'bunting'].map((name) => `${name}@aviary.example`);
const PHONES = ['+40721000111', '0721000222', '+40 721 000 333'];
const PRIVATE = [
  ...Object.values(SECRETS),
  ...ADDRESSES,
  'aviary.example',
  ...PHONES,
  '721000111',
  '721000222',
  '721 000 333',
  'Fringilla',
  ...ADDRESSES.map(sha256),
  Buffer.from(`any:${SECRETS.MAILCHIMP_API_KEY}`).toString('base64').slice(8),
];

const EXPORT = [
  'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Phone,Billing Name,Billing Country',
  `#1,${ADDRESSES[0]},paid,EUR,20.00,20.00,2024-03-01 10:00:00 +0000,${PHONES[0]},Ana Fringilla,RO`,
  `#2,${ADDRESSES[1]},paid,EUR,20.00,20.00,2024-03-02 10:00:00 +0000,${PHONES[1]},Ion Fringilla,RO`,
  `#3,,paid,EUR,20.00,20.00,2024-03-03 10:00:00 +0000,${PHONES[2]},Eva Fringilla,RO`,
  `#4,${ADDRESSES[2]},paid,EUR,${ADDRESSES[2]},20.00,2024-03-04 10:00:00 +0000,,Mia Fringilla,RO`,
  `#5,"${ADDRESSES[3]} <${ADDRESSES[3]}>",paid,EUR,20.00,20.00,${ADDRESSES[3]},,Leo Fringilla,RO`,
  '',
].join('\n');

/** The platforms know their own credentials only, so these stand for them. */
function rewrite(request: SandboxRequest): SandboxRequest {
  const { authorization = '' } = request.headers;
  const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  const query = new URLSearchParams(request.query);
  if (query.get('access_token') === SECRETS.META_ACCESS_TOKEN) query.set('access_token', 'sandbox');
  const known = authorization.startsWith('Basic ')
    ? `Basic ${Buffer.from(basic.replace(SECRETS.MAILCHIMP_API_KEY, 'sandbox-us1')).toString('base64')}`
    : authorization.replace(SECRETS.KLAVIYO_API_KEY, 'sandbox');
  return { ...request, query, headers: { ...request.headers, authorization: known } };
}

const ECHO = `${ADDRESSES.join(' ')} ${PHONES.join(' ')} ${Object.values(SECRETS).join(' ')}`;
/** Answers that repeat what they were sent, as platforms do. */
const ECHOES = [
  {
    platform: 'mailchimp',
    status: 400,
    content_type: 'application/problem+json',
    body: {
      type: 'x',
      title: 'Invalid Resource',
      status: 400,
      detail: `${ADDRESSES[0]} with ${SECRETS.MAILCHIMP_API_KEY}`,
      instance: 'x',
    },
  },
  {
    platform: 'klaviyo',
    status: 400,
    body: {
      errors: [
        {
          id: 'x',
          status: 400,
          code: 'invalid',
          title: 'Invalid',
          detail: `${ADDRESSES[0]} and ${PHONES[0]} with ${SECRETS.KLAVIYO_API_KEY}`,
          source: { pointer: '/data' },
        },
      ],
    },
  },
  {
    platform: 'facebook',
    status: 400,
    body: {
      error: {
        message: `${ADDRESSES[0]} with ${SECRETS.META_ACCESS_TOKEN}`,
        type: 'OAuthException',
        code: 100,
        error_user_msg: `${ADDRESSES[0]} is ${sha256(ADDRESSES[0]!)}`,
      },
    },
  },
  { platform: 'mailchimp', status: 200, content_type: 'text/html', text: `<p>${ECHO}</p>` },
  { platform: 'klaviyo', status: 200, content_type: 'text/html', text: `<p>${ECHO}</p>` },
  { platform: 'facebook', status: 200, content_type: 'text/html', text: `<p>${ECHO}</p>` },
] as const;

async function openAviary(): Promise<Shop> {
  const shop = await openCrowd(undefined, {
    env: SECRETS,
    rewrite,
    segment: 'lifecycle.lost',
    head: 'schedule: "0 5 * * *"',
  });
  await shop.write('orders.csv', EXPORT);
  await mkdir(join(shop.folder, 'config'));
  await shop.write('config/settings.yaml', 'engine: { password: "${ENGINE_PASSWORD}" }\n');
  return shop;
}

const AS_OF = ['--as-of', '2026-03-31'];

test(
  'no command, and no platform that repeats what it was sent, makes a secret or a person show',
  {
    timeout: 180_000,
  },
  async () => {
    const shop = await openAviary();
    const said: string[] = [];
    const run = async (...args: string[]): Promise<number | null> => {
      const { code, stdout, stderr } = await shop.cli(...args);
      said.push(`${args.join(' ')}\n${stdout}\n${stderr}`);
      return code;
    };

    await run('check', 'job.yaml');
    await run('check', 'job.yaml', '--json', '--offline');
    await run('plan', 'job.yaml', ...AS_OF);
    expect(await run('run', 'job.yaml', ...AS_OF, '--json')).toBe(0);
    expect(shop.state().mailchimp.tags.Lost).toEqual([ADDRESSES[0], ADDRESSES[1]]);
    expect(shop.state().facebook.audiences.Lost!.members).toHaveLength(3);
    await run('status', 'job.yaml');
    await run('status', 'job.yaml', '--json');
    await run('export', 'job.yaml', '--out', 'people.csv');
    expect(await readFile(join(shop.folder, 'people.csv'), 'utf8')).toContain(ADDRESSES[0]);

    // A new person each time, so that there is something to send.
    for (const [index, echoes] of [ECHOES.slice(0, 3), ECHOES.slice(3)].entries()) {
      const another = `#9${index},bird${index}@aviary.example,paid,EUR,20.00,20.00,2024-05-01 10:00:00 +0000,,,RO\n`;
      await shop.write('orders.csv', `${EXPORT}${another}`);
      for (const { platform, ...fault } of echoes) {
        const times = fault.status === 400 || platform === 'facebook' ? 1 : 4;
        shop.sandbox.fault({ platform, method: 'POST', times, ...fault });
      }
      expect(await run('run', 'job.yaml', ...AS_OF, ...(index % 2 ? ['--json'] : []))).toBe(1);
    }
    // A file whose first line is a person, a job whose key is a place.
    await shop.write('orders.csv', EXPORT.split('\n').slice(1).join('\n'));
    expect(await run('run', 'job.yaml', ...AS_OF)).toBe(2);
    const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
    await shop.write(
      'job.yaml',
      job
        .replace('act_1', '"${META_ACCESS_TOKEN}"')
        .replace('currency: EUR', 'currency: "${KLAVIYO_API_KEY}"'),
    );
    expect(await run('check', 'job.yaml')).toBe(2);
    await shop.write('job.yaml', job);
    await shop.write(
      'config/settings.yaml',
      'engine: { url: "http://127.0.0.1:9", password: "${ENGINE_PASSWORD}" }\n',
    );
    expect(await run('status', 'job.yaml')).toBe(1);

    said.push(await readFile(join(shop.folder, 'state', 'engine.log'), 'utf8'));
    for (const text of said) for (const secret of PRIVATE) expect(text).not.toContain(secret);
  },
);

test(
  'the daemon and the sandbox keep secrets too, and the store is closed to other users',
  { timeout: 180_000 },
  async () => {
    // What the program makes is closed however careless the shell is that it is started from.
    const usual = process.umask(0);
    onTestFinished(() => void process.umask(usual));
    const shop = await openAviary();
    await mkdir(join(shop.folder, 'jobs'));
    await shop.write(
      'jobs/crowd.yaml',
      (await readFile(join(shop.folder, 'job.yaml'), 'utf8')).replace('path: orders', 'path: ../orders'),
    );
    expect((await shop.cli('run', 'crowd', '--jobs', 'jobs', ...AS_OF)).code).toBe(0);
    const daemon = shop.start('start', '--jobs', 'jobs', '--json');
    const sandbox = shop.start('sandbox', '--json');
    await Promise.all([once(daemon.stdout!, 'data'), once(sandbox.stdout!, 'data')]);
    daemon.kill('SIGTERM');
    sandbox.kill('SIGTERM');

    for (const { code, stdout, stderr } of await Promise.all([ended(daemon), ended(sandbox)])) {
      expect(code, stderr).toBe(0);
      for (const secret of PRIVATE) expect(stdout + stderr).not.toContain(secret);
    }
    const state = join(shop.folder, 'state');
    const open: string[] = [];
    for (const name of ['.', ...(await readdir(state, { recursive: true }))]) {
      const found = await lstat(join(state, name)).catch(() => undefined);
      if (!found || found.isSymbolicLink()) continue;
      const mode = (found.mode & 0o777).toString(8);
      if (mode !== (found.isDirectory() ? '700' : '600')) open.push(`${mode} ${name}`);
    }
    expect(open).toEqual([]);
  },
);
