import type { PlacedQuery } from '../../../connectors/index.ts';
import type { RunContext } from '../run.ts';
import type { Opened } from './read.ts';

/** Opens a query over tables of the engine's own server; its rows go from there into ours and nowhere else. */
export function openPlacedQuery({ engine, signal }: RunContext, query: PlacedQuery): Opened {
  const { sql, params, names, settings, explain } = query;
  const all = names.map((_, index) => `ifNull(toValidUTF8(input.c${index + 1}), '')`);
  return {
    names: [...names],
    iso: new Set(),
    cells: (wanted) => ({
      from: `(${sql}) AS input`,
      cells: wanted.map((name) => all[names.indexOf(name)]!),
      whole: all,
    }),
    settings: [...settings],
    async insert(statement, all) {
      try {
        await engine.command(`${statement} SETTINGS ${all.join(', ')}`, params, { signal });
      } catch (error) {
        throw explain(error);
      }
    },
  };
}
