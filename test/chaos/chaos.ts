/**
 * `npm run chaos -- --runs N --seed S [--days D] [--keep DIR]`: N stories of a shop whose daemon is killed, starved and
 * lied to; each ends in calm, and everything is compared with a plain reference. A story is told by its seed alone: the
 * one that failed is played again by `--runs 1 --seed ITS_SEED`, and `--keep` keeps its logs and its store. `--json`
 * prints one JSON document at the end.
 */
import { parseArgs } from 'node:util';
import { tell, type Told } from './tell.ts';
import { tableOf } from './table.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    days: { type: 'string', default: '2' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [runs, first, days] = [values.runs, values.seed, values.days].map(Number) as [number, number, number];
/** More at a time would only slow each other down. */
const SIDE_BY_SIDE = 2;

const waiting = Array.from({ length: runs }, (_, index) => first + index);
const told: Told[] = [];
const out = values.json ? process.stderr : process.stdout;

async function work(): Promise<void> {
  for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
    const one = await tell(seed, days, values.keep);
    told.push(one);
    const { kills, faults, repeats, losses } = one;
    const counts = `${kills.length} kills, ${faults.length} faults, ${repeats} repeats, ${losses.length} losses`;
    out.write(`seed ${seed}: ${counts}, ${one.seconds.toFixed(1)} s\n`);
    if (losses.length > 0) out.write(`${losses.map((loss) => `  ${loss}`).join('\n')}\n  ${one.story}\n`);
  }
}

// Asked to stop, it ends the stories that are being told.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => waiting.splice(0));
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
const table = tableOf(told);
process.stdout.write(values.json ? `${JSON.stringify(table, undefined, 2)}\n` : `${table.text}\n`);
process.exitCode = table.losses > 0 ? 1 : 0;
