import { expect, test } from 'vitest';
import { parseJob } from '../../src/job/load.ts';
import { CANARIES, FILE, problemsOf, readJob, SHOP } from './shop-job.ts';

const withAlerts = (...lines: string[]) =>
  `${SHOP}\nalerts:\n${lines.map((line) => `  - ${line}\n`).join('')}`;

const HOOK = 'https://hooks.example/T0P-SECRET';

test('channels get names of their own, hear of everything and remind daily unless told otherwise', () => {
  const { alerts } = readJob(
    withAlerts(
      `{ type: webhook, url: '${HOOK}' }`,
      `{ type: slack, name: webhook-2, url: '${HOOK}/2', on: [failed, held, recovered], remind: 12h }`,
      `{ type: webhook, url: '${HOOK}/3' }`,
    ),
    CANARIES,
  );

  expect(alerts).toMatchObject([
    {
      name: 'webhook',
      on: ['failed', 'held', 'missed', 'stale', 'drift', 'token', 'broken', 'channel'],
      remind: 86_400_000,
      timeout: 10,
    },
    { name: 'webhook-2', on: ['failed', 'held', 'recovered'], remind: 43_200_000 },
    { name: 'webhook-3' },
  ]);
});

test('addresses, headers and passwords are kept for masking, the mail server’s in either form', () => {
  const secrets = new Set<string>();
  const text = withAlerts(
    `{ type: webhook, url: '${HOOK}', headers: { Authorization: 'Bearer header-secret' } }`,
    `{ type: slack, url: '${HOOK}/2' }`,
    `{ type: email, name: one, to: [ops@shop.example], from: sync@shop.example, smtp: 'smtps://u:url-secret@mail.example' }`,
    `{ type: email, name: two, to: [ops@shop.example], from: sync@shop.example, smtp: { host: mail.example, user: u, password: own-secret } }`,
    `{ type: email, name: three, to: [ops@shop.example], from: sync@shop.example, smtp: 'smtps://u:\${PW}@mail.example' }`,
  );

  parseJob(text, { file: FILE, env: { ...CANARIES, PW: 'filled-secret' }, secrets });

  for (const secret of [HOOK, `${HOOK}/2`, 'Bearer header-secret', 'own-secret', 'filled-secret'])
    expect(secrets).toContain(secret);
  expect(secrets).toContain('smtps://u:url-secret@mail.example');
});

test.each([
  ['{ type: pager }', { code: 'CONFIG_WRONG_VALUE', what: expect.stringContaining('pager') }],
  [`{ type: slack, url: '${HOOK}', on: [faild] }`, { fix: expect.stringContaining('failed') }],
  [`{ type: slack, url: 'ftp://hooks.example/T0P-SECRET' }`, { code: 'CONFIG_WRONG_VALUE' }],
  [`{ type: slack, url: '${HOOK}', remind: 0h }`, { what: expect.stringContaining('longer than none') }],
  [`{ type: slack, url: '${HOOK}', header: x }`, { code: 'CONFIG_UNKNOWN_KEY' }],
  [
    `{ type: email, to: [ops], from: a@b.example, smtp: 'smtp://mail.example' }`,
    { code: 'CONFIG_WRONG_VALUE' },
  ],
  [
    `{ type: email, to: [a@b.example], from: a@b.example, smtp: 'mail.T0P-SECRET.example' }`,
    { code: 'CONFIG_WRONG_VALUE', what: expect.stringContaining('smtps://user') },
  ],
  [
    `{ type: email, to: [a@b.example], from: a@b.example, smtp: { hosts: x } }`,
    { code: expect.stringMatching(/^CONFIG_/) },
  ],
])('%s is refused in words, without its secrets', (line, problem) => {
  const problems = problemsOf(withAlerts(line), CANARIES);

  expect(problems).toEqual(expect.arrayContaining([expect.objectContaining(problem)]));
  expect(JSON.stringify(problems)).not.toContain('T0P-SECRET');
});

test('two channels of one name are refused where the second is', () => {
  const line = `{ type: slack, name: ops, url: '${HOOK}' }`;

  expect(problemsOf(withAlerts(line, line), CANARIES)).toMatchObject([
    { code: 'CONFIG_WRONG_VALUE', where: expect.stringContaining('alerts[1].name') },
  ]);
});
