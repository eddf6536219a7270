import { execFile, type ExecFileException } from 'node:child_process';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SyncError } from '../../connectors/index.ts';

const LONGEST_MS = 60_000;
const LARGEST_BYTES = 64 * 2 ** 20;
/** The worst first. */
const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info'] as const;
/** From these on it is a problem and not only a fact. */
const GRAVE: readonly string[] = ['critical', 'high'];

/** What `npm audit --json` answers, as far as it is told on. */
const Report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      name: z.string(),
      severity: z.enum(SEVERITIES),
      range: z.string().catch(''),
      fixAvailable: z.union([z.boolean(), z.object({ name: z.string(), version: z.string() })]).catch(false),
    }),
  ),
});
type Found = z.output<typeof Report>['vulnerabilities'][string];
const Refusal = z.object({ message: z.string() });

/**
 * Asks npm's registry whether anything is known against the packages that the program runs with.
 * @returns what was found, a sentence each
 * @throws SyncError `DEPENDENCIES_VULNERABLE` for what is grave, `AUDIT_NOT_POSSIBLE` where nobody could be asked
 */
export async function auditFacts(signal: AbortSignal): Promise<string[]> {
  const root = await lockedFolder();
  if (!root) throw notPossible('There is no package-lock.json beside the program, as in its image.');
  const report = await askNpm(root, signal);
  const found = Object.values(report.vulnerabilities);
  if (found.length === 0) return ['nothing is known against the packages that it runs with'];
  const ranked = found.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const told = ranked.map(({ name, range, severity }) => `${severity}: ${name} ${range}`.trim());
  if (!found.some(({ severity }) => GRAVE.includes(severity))) return told;
  throw new SyncError({
    code: 'DEPENDENCIES_VULNERABLE',
    where: 'package-lock.json',
    what: `Weaknesses are known of ${found.length} of the packages that the program runs with.`,
    why: told.join('; '),
    fix: [...new Set(ranked.map(cureOf))].join(' '),
  });
}

function cureOf({ name, fixAvailable }: Found): string {
  if (fixAvailable === true) return '`npm audit fix` takes versions without them.';
  if (fixAvailable) return `\`npm install --save-exact ${fixAvailable.name}@${fixAvailable.version}\`.`;
  return `No version of ${name} is without it yet: read its advisory, and look again tomorrow.`;
}

/** The nearest folder above that has the program's lockfile; none in its image. */
async function lockedFolder(): Promise<string | undefined> {
  const there = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!(await there(join(folder, 'package.json')))) {
    if (folder === dirname(folder)) return undefined;
    folder = dirname(folder);
  }
  return (await there(join(folder, 'package-lock.json'))) ? folder : undefined;
}

/** npm ends with an error where it finds something, so what it wrote is looked at first. */
async function askNpm(cwd: string, signal: AbortSignal): Promise<z.output<typeof Report>> {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=1'];
  const options = { cwd, signal, timeout: LONGEST_MS, maxBuffer: LARGEST_BYTES };
  const { text, error } = await new Promise<{ text: string; error: ExecFileException | null }>((resolve) => {
    execFile('npm', args, options, (error, stdout) => resolve({ text: stdout, error }));
  });
  signal.throwIfAborted();
  const answer = jsonOf(text);
  const report = Report.safeParse(answer);
  if (report.success) return report.data;
  if (error?.code === 'ENOENT') throw notPossible('There is no npm here.');
  // Its sentence names the registry, which is nobody's business.
  const refused = Refusal.safeParse(answer).data?.message ?? '';
  const reason = /\bE[A-Z_]{3,}\b|\b[45]\d\d\b/.exec(refused)?.[0] ?? 'no answer in time';
  throw notPossible(`npm could not ask its registry: ${reason}.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notPossible(why: string): SyncError {
  return new SyncError({
    code: 'AUDIT_NOT_POSSIBLE',
    where: 'dependencies',
    what: 'Whether anything is known against the packages that the program runs with could not be asked.',
    why,
    fix: 'Run check --audit where the program is built, with npm and a way to its registry.',
  });
}
