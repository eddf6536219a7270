import { expect, test } from 'vitest';
import { Audience, standingOf } from '../../connectors/facebook/audience.ts';

const audience = (more: object) => Audience.parse({ id: '1', name: 'Top', subtype: 'CUSTOM', ...more });

/** Meta's codes for how an audience is, those that a run waits for, goes on in spite of, or has to tell a person. */
test.each<[number, 'usable' | 'passing' | 'broken', string | undefined]>([
  [0, 'passing', 'does not tell'],
  [100, 'usable', 'within 90 days'],
  [200, 'usable', undefined],
  [400, 'usable', 'warns'],
  [410, 'broken', 'ever uploaded'],
  [411, 'usable', 'knows few'],
  [412, 'usable', 'invalid'],
  [414, 'passing', 'still writes'],
  [415, 'usable', 'replacement failed'],
  [431, 'usable', 'could not refresh'],
  [432, 'broken', 'could not build'],
  [433, 'broken', 'could not build'],
  [434, 'passing', 'tries again'],
  [441, 'passing', 'still filling'],
  [442, 'passing', 'still filling'],
  [450, 'usable', 'out of date'],
  [470, 'usable', 'no longer active'],
  [471, 'broken', 'integrity rules'],
  [500, 'broken', 'error'],
])('an audience with the operation status %i is %s', (code, state, says) => {
  const standing = standingOf(audience({ operation_status: { code } }));

  expect(standing.state).toBe(state);
  if (says) expect(standing.note).toContain(says);
  else expect(standing.note).toBeUndefined();
});

test.each([
  [200, 'usable'],
  [300, 'passing'],
  [400, 'broken'],
  [433, 'broken'],
])('an audience with the delivery status %i is %s', (code, state) => {
  expect(standingOf(audience({ delivery_status: { code } })).state).toBe(state);
});

test('Meta names the day it deletes an audience also where its status does not', () => {
  expect(standingOf(audience({ delete_time: 1_800_000_000 }))).toMatchObject({
    state: 'usable',
    note: expect.stringContaining('deletes it on 2027-01-15'),
  });
});

test('a size that Meta does not tell makes only a lookalike inactive', () => {
  const hidden = { approximate_count_upper_bound: -1 };

  expect(standingOf(audience(hidden)).note).toBeUndefined();
  expect(standingOf(audience({ ...hidden, subtype: 'LOOKALIKE' })).note).toContain('inactive');
});
