import type { Told } from './tell.ts';

/** The figures of many stories. */
export type Table = {
  runs: number;
  kills: number;
  faults: number;
  repeats: number;
  losses: number;
  /** How often each thing happened. */
  by_point: Record<string, number>;
  by_fault: Record<string, number>;
  by_other: Record<string, number>;
  failed_seeds: number[];
  text: string;
};

export function tableOf(told: readonly Told[]): Table {
  const sum = (count: (one: Told) => number) => told.reduce((total, one) => total + count(one), 0);
  const figures = {
    runs: told.length,
    kills: sum(({ kills }) => kills.length),
    faults: sum(({ faults }) => faults.length),
    repeats: sum(({ repeats }) => repeats),
    losses: sum(({ losses }) => losses.length),
    by_point: counted(told.flatMap(({ kills }) => kills)),
    by_fault: counted(told.flatMap(({ faults }) => faults)),
    by_other: counted(told.flatMap(({ others }) => others)),
    failed_seeds: told.filter(({ losses }) => losses.length > 0).map(({ seed }) => seed),
  };
  const rows = (title: string, counts: Record<string, number>) => [
    title,
    ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(32)}${String(count).padStart(6)}`),
  ];
  const { runs, kills, faults, repeats, losses } = figures;
  const text = [
    ...rows('blows by point', figures.by_point),
    ...rows('faults by kind', figures.by_fault),
    ...rows('other trouble', figures.by_other),
    ...rows('in all', { runs, blows: kills, faults, repeats, losses }),
  ].join('\n');
  return { ...figures, text };
}

function counted(names: readonly string[]): Record<string, number> {
  const groups = [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length] as const);
  return Object.fromEntries(groups.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
