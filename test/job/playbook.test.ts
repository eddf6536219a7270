import { expect, test } from 'vitest';
import { PLAYBOOK, playbookOf, playKey, type Play } from '../../src/job/playbook.ts';
import { MODELS, segmentsOf } from '../../src/job/segments.ts';
import { readJob, SHOP, shopWith } from './shop-job.ts';

const EVERY = { lifecycle: {}, value_engagement: {}, engagement: {}, value_tier: {} };

test('every built-in segment has a play with something to say for each channel', () => {
  const plays = [...playbookOf(EVERY)];

  expect(plays.map(([segment]) => segment)).toEqual(segmentsOf(EVERY).map(({ name }) => name));
  for (const [segment, { priority, ...said }] of plays) {
    expect(priority, segment).toBeGreaterThan(0);
    for (const text of Object.values(said)) expect(text, segment).toMatch(/^[A-Z].{8,160}\.$/);
  }
  const texts = plays.map(([, { meaning }]) => meaning);
  expect(new Set(texts).size).toBe(texts.length);
});

test('the segments of value and engagement come in the order of what is to gain', () => {
  const plays = Object.entries<Play>(PLAYBOOK.value_engagement);

  expect(plays.toSorted(([, a], [, b]) => a.priority! - b.priority!).map(([segment]) => segment)).toEqual([
    'true_champions',
    'spenders_at_risk',
    'excited_shoppers',
    'faithful_supporters',
    'curious_entrants',
    'average_buyers',
    'silent_quitters',
  ]);
});

test('a job changes what it names and leaves the rest', () => {
  const { segments } = readJob(
    shopWith('top_share: 0.2', 'playbook: { at_risk: { priority: 0.5, outreach: Anna calls. } }'),
  );

  const plays = playbookOf(segments);

  expect(plays.get('lifecycle.at_risk')).toEqual({
    ...PLAYBOOK.lifecycle.at_risk,
    priority: 0.5,
    outreach: 'Anna calls.',
  });
  expect(plays.get('lifecycle.top')).toEqual(PLAYBOOK.lifecycle.top);
  expect([...plays.keys()]).toEqual(segmentsOf(readJob(SHOP).segments).map(({ name }) => name));
});

test('an own segment says what the job file says of it, and one entry stands for all that it makes', () => {
  const plays = playbookOf({
    custom: [{ name: 'shoes', playbook: { priority: 2, email: 'New boots.' } }, { name: 'vip' }],
  });

  expect(plays.get(playKey('custom.shoes.rain_boots'))).toEqual({
    priority: 2,
    meaning: '',
    email: 'New boots.',
    ads: '',
    outreach: '',
  });
  expect(plays.get(playKey('custom.vip'))).toMatchObject({ priority: null, email: '' });
  expect(playKey('lifecycle.top')).toBe('lifecycle.top');
});

test('no two segments have the same label, so that one destination can hold all of them', () => {
  const labels = Object.values(MODELS).flatMap((segments) => Object.values(segments));

  expect(new Set(labels.map((label) => label.toLowerCase())).size).toBe(labels.length);
});
