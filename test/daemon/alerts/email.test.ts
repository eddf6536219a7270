import { expect, test } from 'vitest';
import type { Condition } from '../../../src/daemon/alerts/condition.ts';
import type { News } from '../../../src/daemon/alerts/due.ts';
import { sendNews } from '../../../src/daemon/alerts/send.ts';
import { AlertSettings } from '../../../src/job/alert-settings.ts';
import { openMailbox } from './mailbox.ts';

const SINCE = '2026-03-01T05:00:00.000Z';
/** This machine, under a name that does not say so. */
const ELSEWHERE = '0.0.0.0';

const aCondition = (fields: Partial<Condition> = {}): Condition => ({
  kind: 'failed',
  key: 'failed:SOURCE_DOWN',
  what: 'The run failed: café is closed.',
  why: 'SOURCE_DOWN: it is down.',
  fix: 'Open it.',
  since: SINCE,
  ...fields,
});
const open = (fields?: Partial<Condition>): News => ({ state: 'open', condition: aCondition(fields) });

/** Sends news by mail and says what came of it. */
async function mail(smtp: unknown, news: News[] = [open()], more: object = {}) {
  const settings = {
    type: 'email',
    to: ['ops@shop.example'],
    from: 'Sync <sync@shop.example>',
    smtp,
    ...more,
  };
  const [channel] = AlertSettings.parse([settings]);
  const logged: string[] = [];
  let took = 0;
  const sender = {
    secrets: new Set<string>(),
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: (message: string, fields = {}) => void logged.push(JSON.stringify({ message, ...fields })),
  };
  const problem = await sendNews(channel!, 'daily-shop', news, sender, async (some) => {
    took += some.length;
  });
  return { problem, took, logged };
}

test('everything that is new of a job is one mail, in plain text, with what to do', async () => {
  const box = await openMailbox();
  const stale = (name: string) =>
    open({
      kind: 'stale',
      key: `stale:${name}`,
      what: `${name} is old.`,
      why: 'At most 2 days.',
      fix: 'Run it.',
    });
  const over: News = {
    state: 'recovered',
    condition: aCondition({ kind: 'held', what: 'A plan was held.' }),
  };

  const { problem, took } = await mail(`smtp://127.0.0.1:${box.port}`, [
    open(),
    stale('a'),
    stale('b'),
    over,
  ]);

  expect({ problem, took }).toEqual({ problem: undefined, took: 4 });
  expect(box.mails).toMatchObject([{ from: 'sync@shop.example', to: ['ops@shop.example'] }]);
  const { text } = box.mails[0]!;
  expect(text).toContain('Subject: [segment-sync] daily-shop: failed, 2 stale, recovered: held\r\n');
  expect(text).toContain('Auto-Submitted: auto-generated');
  expect(text).toContain('Content-Type: text/plain; charset=utf-8');
  const body = text.replaceAll('=\r\n', '').replaceAll('\r\n', '\n');
  expect(body).toContain('FAILED since 2026-03-01 05:00 UTC\nThe run failed: caf=C3=A9 is closed.\n');
  expect(body).toContain('Why: SOURCE_DOWN: it is down.\nWhat to do: Open it.\n');
  expect(body.match(/What to do: Run it/g)).toHaveLength(1);
  expect(body).toContain('a is old.\nb is old.\n');
  expect(body).toContain('RECOVERED, no longer so:\nA plan was held.');
});

test.each([
  ['an address', (port: number) => `smtp://sync:let%6Dein@127.0.0.1:${port}`],
  ['settings', (port: number) => ({ host: '127.0.0.1', port, user: 'sync', password: 'letmein' })],
])('with %s of a server that offers STARTTLS, the login goes encrypted', async (_, smtp) => {
  const box = await openMailbox();

  expect((await mail(smtp(box.port))).problem).toBeUndefined();

  expect(box.logins).toEqual([{ user: 'sync', password: 'letmein', secure: true }]);
  expect(box.mails).toMatchObject([{ secure: true, user: 'sync' }]);
});

test.each([
  ['smtps', (port: number) => `smtps://127.0.0.1:${port}`],
  ['tls: implicit', (port: number) => ({ host: '127.0.0.1', port, tls: 'implicit' })],
])('with %s the connection is encrypted from its beginning', async (_, smtp) => {
  const box = await openMailbox({ secure: true });

  expect((await mail(smtp(box.port))).problem).toBeUndefined();

  expect(box.mails).toMatchObject([{ secure: true }]);
});

test('a login that is refused is told without the password, the user and the words of the server', async () => {
  const box = await openMailbox();

  const { problem, took } = await mail(`smtp://sync:wrong-pass@127.0.0.1:${box.port}`);

  expect(took).toBe(0);
  expect(problem).toEqual({
    code: 'ALERT_REFUSED',
    where: 'alerts email',
    what: 'The mail server refused the login (SMTP 535).',
    fix: expect.stringContaining('`smtp`'),
  });
});

test('a login is not sent to another machine in the clear', async () => {
  const box = await openMailbox({ disabledCommands: ['STARTTLS'] });

  const { problem } = await mail(`smtp://sync:letmein@${ELSEWHERE}:${box.port}`);

  expect(problem).toMatchObject({ code: 'ALERT_REFUSED', what: expect.stringContaining('encrypted') });
  expect(box.logins).toEqual([]);
});

test('another machine’s certificate must be good', async () => {
  const box = await openMailbox();

  const { problem } = await mail({ host: ELSEWHERE, port: box.port, user: 'sync', password: 'letmein' });

  expect(problem).toMatchObject({
    code: 'ALERT_UNREACHABLE',
    what: 'Its certificate is not good (DEPTH_ZERO_SELF_SIGNED_CERT).',
  });
  expect(box.logins).toEqual([]);
});

test('a recipient who is refused beside others is logged, and everybody refused is a failure', async () => {
  const box = await openMailbox();
  const smtp = `smtp://127.0.0.1:${box.port}`;

  const some = await mail(smtp, [open()], { to: ['nobody@shop.example', 'ops@shop.example'] });
  const none = await mail(smtp, [open()], { to: ['nobody@shop.example'] });

  expect(some).toMatchObject({ took: 1, problem: undefined });
  expect(some.logged).toEqual([
    JSON.stringify({ message: 'alert not taken for some recipients', channel: 'email', refused: 1 }),
  ]);
  expect(none).toMatchObject({ took: 0, problem: { code: 'ALERT_REFUSED' } });
  expect(JSON.stringify(none.problem)).not.toContain('nobody@');
});

test('a server that is not there, or says nothing, is told', async () => {
  const box = await openMailbox({ onConnect: () => undefined });

  const silent = await mail(`smtp://127.0.0.1:${box.port}`, [open()], { timeout: 1 });
  const gone = await mail('smtp://127.0.0.1:1');

  expect(silent.problem).toMatchObject({
    code: 'ALERT_UNREACHABLE',
    what: expect.stringContaining('1 seconds'),
  });
  expect(gone.problem).toMatchObject({ what: 'It could not be reached (ECONNREFUSED).' });
});
