/**
 * `npm run bench`: figures as ratios taken in one run, so that they mean the same on any machine. Each piece runs in a
 * process of its own, whose memory is watched, and is compared with the figures that were kept last.
 * `--full` takes the large sizes, `--only NAME,…` some pieces, `--json` prints one JSON document, `--keep` puts the
 * figures into `figures.json` in place of those of the same pieces and size.
 */
import { execFile, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepHeapSmall } from '../../src/heap.ts';
import { CLV_NOTES } from './clv.ts';
import { figureTable, peakTable, type Figure } from './figure.ts';
import { PIECES, type Answer } from './pieces.ts';
import { watchMemory, type Peak } from './processes.ts';

keepHeapSmall();
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(PIECES).join(',') },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    /** How a piece's own process is told which it is. */
    piece: { type: 'string' },
  },
});
const { full } = values;
const KEPT = fileURLToPath(new URL('figures.json', import.meta.url));
const size = full ? 'full' : 'small';

/** What a piece measured, and on what machine and day. */
type Kept = Answer & { peak: Peak; date: string; machine: string };
type KeptFile = Partial<Record<'full' | 'small', Record<string, Kept>>>;

if (values.piece) await measure(values.piece);
else await all(values.only.split(','));

async function measure(name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const found = await PIECES[name]!(folder, full);
    console.log(JSON.stringify(Array.isArray(found) ? { figures: found, missing: [] } : found));
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  }
}

async function all(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !Object.hasOwn(PIECES, name));
  if (unknown !== undefined)
    throw new Error(`No piece is called ${unknown}; there are ${Object.keys(PIECES)}.`);
  const kept = JSON.parse(await readFile(KEPT, 'utf8').catch(() => '{}')) as KeptFile;
  const before = { ...kept[size] };
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${availableParallelism()} cores, ${memory}`;
  const now: Record<string, Kept> = {};
  for (const name of names) {
    now[name] = { ...(await inProcess(name)), date: new Date().toISOString().slice(0, 10), machine };
    if (!values.json) console.log(`${pieceText(name, now[name], before[name])}\n`);
  }
  if (values.json) console.log(JSON.stringify(now, undefined, 2));
  if (values.keep) {
    const file: KeptFile = { ...kept, [size]: { ...kept[size], ...now } };
    await writeFile(KEPT, `${JSON.stringify(file, undefined, 2)}\n`);
  }
}

function inProcess(name: string): Promise<Answer & { peak: Peak }> {
  const args = [fileURLToPath(import.meta.url), '--piece', name, ...(full ? ['--full'] : [])];
  return new Promise((resolve, reject) => {
    const child: ChildProcess = execFile(process.execPath, args, { maxBuffer: 1e8 }, (error, stdout) => {
      const peak = stopWatch();
      if (error) reject(error);
      else resolve({ ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer), peak });
    });
    child.stderr?.pipe(process.stderr);
    const stopWatch = watchMemory(child.pid!);
  });
}

function pieceText(name: string, now: Kept, before: Kept | undefined): string {
  const was = new Map(before?.figures.map(({ work, ratio }: Figure) => [work, ratio]));
  return [
    `${name} (${size}, beside ${before ? `the figures of ${before.date}, ${before.machine}` : 'no figures: none are kept'})`,
    figureTable(now.figures, was),
    peakTable(now.peak, before?.peak),
    ...now.missing,
    ...(name === 'clv' ? [CLV_NOTES] : []),
  ].join('\n\n');
}
