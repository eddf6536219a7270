import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { RunReport } from '../../src/run/report.ts';

type DemoAnswer = {
  first: RunReport;
  second: RunReport;
  proof: { destination: string; audience: string; wanted: number; held: number }[];
  equal: boolean;
};

const ask = promisify(execFile);

test(
  'the demo fills every audience with exactly its segment, and its second run writes nothing',
  { timeout: 400_000 },
  async () => {
    const { stdout } = await ask(process.execPath, ['src/cli.ts', 'demo', '--json'], { maxBuffer: 1e8 });

    const { first, second, proof, equal } = JSON.parse(stdout) as DemoAnswer;
    expect(first).toMatchObject({ status: 'done', error: null });
    expect(second).toMatchObject({ status: 'done', error: null });
    expect(equal).toBe(true);
    expect(new Set(proof.map(({ destination }) => destination))).toEqual(
      new Set(['mailchimp', 'klaviyo', 'facebook']),
    );
    expect(proof).toHaveLength(26);
    for (const { wanted, held } of proof) expect(held).toBe(wanted);
    for (const { added, removed, requests } of second.audiences) {
      expect({ added, removed, requests }).toEqual({ added: 0, removed: 0, requests: 0 });
    }
    expect(first.segments.filter(({ customers }) => customers > 0)).toHaveLength(27);
  },
);

test('the demo for people ends with tables of segments and audiences', { timeout: 400_000 }, async () => {
  const { stdout } = await ask(process.execPath, ['src/cli.ts', 'demo']);

  expect(stdout).toMatch(/^segment +customers +revenue 12 months +mean CLV$/m);
  expect(stdout).toMatch(/^value_engagement\.true_champions +\d+/m);
  expect(stdout).toMatch(/^mailchimp +VE: True Champions +\d+ +\d+$/m);
  expect(stdout).toContain('Every audience holds exactly the people of its segment.');
  expect(await readFile('out/demo/report.html', 'utf8')).toContain('Value and engagement');
});
