import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ERROR_CATALOGUE, ERRORS } from '../../connectors/index.ts';

const call = (...args: string[]) => promisify(execFile)(process.execPath, ['src/cli.ts', 'docs', ...args]);
const CODES = Object.keys(ERRORS).toSorted();

/** Every file of the program but the catalogue itself. */
function program(): string {
  return ['src', 'connectors']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith('.ts') && !path.startsWith(join('connectors', 'errors')))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

// That no code is without an entry is for the compiler to say: an error's code is one of the catalogue's.
test('every entry of the catalogue is of an error that the program can show', () => {
  const text = program();

  expect(CODES.length).toBeGreaterThan(70);
  expect(CODES.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

test('every code stands in one part of the catalogue, with whole sentences', () => {
  expect(Object.values(ERROR_CATALOGUE).flatMap(Object.keys).toSorted()).toEqual(CODES);
  for (const [code, { meaning, causes, cure }] of Object.entries(ERRORS)) {
    expect(causes.length, code).toBeGreaterThan(0);
    for (const sentence of [meaning, ...causes, cure]) expect(sentence, code).toMatch(/^[^a-z].*[.]$/s);
  }
});

test('the document of errors has a section for each code, and no other', () => {
  const sections = [...readFileSync('config/ERRORS.md', 'utf8').matchAll(/^### (.+)$/gm)];

  expect(sections.map(([, code]) => code!).toSorted()).toEqual(CODES);
});

test('codes that the documents name exist', () => {
  const guides = readdirSync('connectors', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'errors')
    .map(({ name }) => join('connectors', name, 'README.md'));
  const families = new RegExp(
    `\`((?:${[...new Set(CODES.map((code) => code.split('_')[0]))].join('|')})_[A-Z_]+)\``,
    'g',
  );

  for (const path of ['README.md', 'config/README.md', 'config/OPERATING.md', ...guides])
    for (const [, code] of readFileSync(path, 'utf8').matchAll(families)) expect(CODES, path).toContain(code);
});

test('docs CODE prints one entry, however the code is written', async () => {
  const { stdout } = await call('source_tls');

  expect(stdout).toContain('SOURCE_TLS');
  expect(stdout).toContain(ERRORS.SOURCE_TLS.meaning);
  expect(stdout).toContain(ERRORS.SOURCE_TLS.cure);
  expect(JSON.parse((await call('SOURCE_TLS', '--json')).stdout)).toEqual({
    code: 'SOURCE_TLS',
    ...ERRORS.SOURCE_TLS,
    exit_code: 2,
  });
});

test('docs CODE names the nearest code where there is none', async () => {
  await expect(call('SOURCE_TSL')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean SOURCE_TLS?'),
  });
});
