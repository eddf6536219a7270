import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONSENT_RULES, destinations, sandboxes, sources } from '../../connectors/index.ts';
import { schemaOf, type SchemaNode } from '../../src/job/schema-node.ts';

/** Settings that the job file gives every destination. */
const RESERVED = ['type', 'name', 'consent', 'properties', 'audiences'];

/** Their addresses may hold a password. */
const DATABASES = ['postgres', 'mysql', 'clickhouse'];

const definitions = [
  ...Object.entries(sources).map(([type, definition]) => ({ type, kind: 'source', definition })),
  ...Object.entries(destinations).map(([type, definition]) => ({ type, kind: 'destination', definition })),
];

test('every folder of connectors is on the list, and every name on the list has its folder', () => {
  const folders = readdirSync('connectors', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    // What connectors may say went wrong is one catalogue for all.
    .filter((name) => name !== 'errors');

  expect(new Set(definitions.map(({ type }) => type))).toEqual(new Set(folders));
});

test('every imitation platform on disk is on the list and opens under its own name', async () => {
  const found = readdirSync('connectors', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('/sandbox.ts'))
    .map((path) => path.split('/')[0]);

  const opened = await Promise.all(Object.values(sandboxes).map((open) => open({})));

  expect(Object.keys(sandboxes).toSorted()).toEqual(found.toSorted());
  expect(opened.map(({ name }) => name)).toEqual(Object.keys(sandboxes));
});

test.for(definitions)('the $kind $type is called as it is listed and has a title', ({ type, definition }) => {
  expect(definition.type).toBe(type);
  expect(definition.title).toMatch(/\S/);
});

test.for(definitions)(
  'settings of the $kind $type are strict, described, and secret where they are keys',
  (one) => {
    const all = settingsIn(schemaOf(one.definition.settings));

    expect(schemaOf(one.definition.settings).additionalProperties).toBe(false);
    for (const { key, setting } of all) {
      expect(key).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(setting.description, key).toMatch(/^\S.*\.$/s);
      const isKey = /(^|_)(key|token|password|secret)$/.test(key);
      expect(setting.secret ?? false, key).toBe(isKey || (key === 'url' && DATABASES.includes(one.type)));
    }
  },
);

test.for(Object.values(destinations))(
  'the destination $type leaves the settings of the job alone',
  (definition) => {
    const own = Object.keys(definition.settings.shape);
    const ofAudiences = Object.keys(definition.audience_settings?.shape ?? {});
    const words = ['segment', 'holdout', definition.audience_word];

    expect(own.filter((key) => RESERVED.includes(key))).toEqual([]);
    expect(ofAudiences.filter((key) => words.includes(key))).toEqual([]);
    expect(CONSENT_RULES).toContain(definition.consent.rule);
    expect(definition.identifiers.length).toBeGreaterThan(0);
  },
);

test.for(Object.values(destinations))('nothing to change needs no request of $type', (definition) => {
  expect(definition.floor({ create: false, add: 0, remove: 0 })).toBe(0);
});

function settingsIn(node: SchemaNode): { key: string; setting: SchemaNode }[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, setting]) => [
    { key, setting },
    ...settingsIn(setting),
  ]);
}
