import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { fold } from '../../src/commands/fold.ts';
import { openProgressLine } from '../../src/commands/progress-line.ts';
import { progressText } from '../../src/commands/progress-text.ts';
import type { Progress } from '../../src/run/progress.ts';
import { hasTerminals, onTerminal, screenOf } from './terminal.ts';

const RUN = { job: 'shop', run_id: 'r', done: 0, total: null, started: 0, ended: false };
const whole = (stage: Progress['stage'], more: Partial<Progress> = {}): Progress => ({
  ...RUN,
  stage,
  ...more,
});
const line = (stage: Progress, parts: Progress[], seconds: number, width = 79) =>
  progressText({ stage, parts }, seconds * 1000, width).join('');

describe('the line of progress', () => {
  test('tells of a pull what is known: the rate, and the time left where every source tells how much it has', () => {
    const orders = whole('pull', { source: 'orders', done: 12_000, total: 48_000 });
    const visits = whole('pull', { source: 'visits', done: 500 });
    expect(line(whole('pull'), [], 3)).toBe('pull   0:03');
    expect(line(whole('pull'), [orders, visits], 5)).toBe(
      'pull   12,500 records  2,500/s  0:05  orders, visits',
    );
    expect(line(whole('pull'), [orders, { ...visits, ended: true }], 5)).toBe(
      'pull   ━━━━╌╌╌╌╌╌╌╌╌╌╌╌  12,500 of 48,500 records  2,500/s  0:14 left  orders',
    );
  });

  test('counts of a push the members of audiences to come, and properties beside them', () => {
    const push = whole('push', { total: 10_000 });
    const tag = whole('push', {
      destination: 'mailchimp',
      audience: 'Top',
      done: 1000,
      total: 1000,
      ended: true,
    });
    const properties = whole('push', { destination: 'klaviyo', done: 500, total: 2000 });
    expect(line(push, [tag, properties], 3)).toBe(
      'push   ━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌  1,500 of 12,000 members  500/s  0:21 left  klaviyo',
    );
  });

  test('takes the stages of scoring for steps of one', () => {
    expect(line(whole('segment'), [], 61)).toBe('score  ━━━━━━━━━╌╌╌╌╌╌╌  segment, 4 of 5  1:01');
  });

  test('never grows wider than it may, whatever the numbers', () => {
    const part = whole('push', { destination: 'a-destination-with-a-long-name', done: 9e8, total: 1e9 });
    for (const width of [20, 40, 60, 79]) {
      expect(line(whole('push', { total: 1e9 }), [part], 86_400, width).length).toBeLessThanOrEqual(width);
    }
  });
});

test('lines of log stand whole above the line of progress, which is gone at the end', () => {
  vi.useFakeTimers();
  try {
    const written: string[] = [];
    const terminal = new Writable({
      decodeStrings: false,
      write: (text: string, _, done) => {
        written.push(text);
        done();
      },
    });
    const progress = openProgressLine(Object.assign(terminal, { columns: 80, isTTY: true }));
    progress.follow(whole('pull', { started: Date.now() }));
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1000);
    progress.write('10:00:00 pulling source=orders\n');
    progress.clear();
    vi.advanceTimersByTime(1000);

    expect(written.join('')).toContain('pull   0:01');
    expect(screenOf(written.join(''))).toEqual(['10:00:00 pulling source=orders', '']);
  } finally {
    vi.useRealTimers();
  }
});

test.skipIf(!hasTerminals)(
  'the demo on a terminal shows how far it is, and all that stays fits 80 columns',
  { timeout: 120_000 },
  async () => {
    const sent = await onTerminal(`'${process.execPath}' src/cli.ts demo`, { NO_COLOR: '1' });

    expect(sent).toMatch(/push {3}[━╌]{16} {2}[\d,]+ of 13,704 members/);
    expect(sent).not.toContain('\u001B[3');
    const screen = screenOf(sent);
    expect(screen.join('\n')).toContain('Every audience holds exactly the people of its segment.');
    expect(screen.join('\n')).not.toContain('━');
    expect(screen.filter((line) => line.length > 80)).toEqual([]);
  },
);

test('long lines break between words, under the last column of a table, and leave an address whole', () => {
  const address = `https://example.com/${'a'.repeat(30)}`;
  expect(fold('note: one two three four five', 20)).toBe('note: one two three\n  four five');
  expect(fold('  field   12  what it means in words', 24)).toBe(
    '  field   12  what it\n              means in\n              words',
  );
  expect(fold(`see ${address} for more`, 20)).toBe(`see\n  ${address}\n  for more`);
  expect(fold('short', 20)).toBe('short');
});
