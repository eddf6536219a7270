import type { z } from 'zod';
import type { Problem } from '../../connectors/index.ts';
import { fillSecrets, type Environment, type Filled } from './fill-secrets.ts';
import { JobFileError, type Finding } from './problems.ts';
import { nodeAt, schemaOf, secretValues, type SchemaNode } from './schema-node.ts';
import { parseYaml } from './yaml-file.ts';
import { findingsOf } from './zod-findings.ts';

/**
 * Reads a YAML file against its schema.
 * @param options `file` is the name that errors show, `folder` what relative paths are relative to; `secrets` is
 *   added to, whatever comes of the file; `across` looks at what no single setting can tell, on values that may
 *   still be of a wrong form
 * @returns the settings, defaults filled in
 * @throws JobFileError with everything that is wrong, in the order of the file
 */
export function readConfig<S extends z.ZodType>(
  text: string,
  options: {
    file: string;
    folder: string;
    env: Environment;
    schema: S;
    secrets?: Set<string>;
    across?(data: unknown): Finding[];
  },
): z.output<S> {
  const yaml = parseYaml(text, options.file);
  const filled = fillSecrets(yaml.data, options);
  const { data, missing } = filled;
  const schema = schemaOf(options.schema);
  const secrets = secretsOf(filled, schema);
  for (const secret of secrets) options.secrets?.add(secret);

  const parsed = options.schema.safeParse(data);
  const across = options.across?.(data) ?? [];
  if (parsed.success && missing.length + across.length === 0) return parsed.data;

  const hidden = filled.filled.map(({ path }) => path);
  const wrong = findingsOf(parsed.error?.issues ?? [], { schema, data, hidden });
  const findings = [...missing, ...wrong, ...across].filter(withoutEchoes);
  throw new JobFileError(
    masked(yaml.place(findings), [...secrets, ...filled.filled.map(({ value }) => value)]),
  );
}

/**
 * The first finding about a setting is the cause: a missing secret is not to be judged by its value, nor settings as
 * a whole while one of them is wrong.
 */
function withoutEchoes({ path }: Finding, index: number, all: readonly Finding[]): boolean {
  return !all.slice(0, index).some((earlier) => path.every((step, depth) => step === earlier.path[depth]));
}

/** A filled-in value under an unknown key may be a secret whose key is misspelt. */
function secretsOf({ data, filled }: Filled, schema: SchemaNode): string[] {
  const parts = filled.filter(({ path }) => {
    const node = nodeAt(schema, data, path);
    return !node || node.secret;
  });
  return [...parts.map(({ value }) => value), ...secretValues(schema, data)];
}

/**
 * A connector's own rule might quote what it refuses; nothing that was filled in is printed. Only what is masked may
 * become a sentence: a capital would hide a secret from its mask.
 */
function masked(problems: Problem[], secrets: readonly string[]): Problem[] {
  const mask = (text: string | undefined) =>
    secrets.reduce((rest, secret) => (secret.length > 3 ? rest?.replaceAll(secret, '***') : rest), text);
  return problems.map((problem) => ({
    ...problem,
    what: capital(mask(problem.what)!),
    why: mask(problem.why),
    fix: mask(problem.fix),
  }));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
