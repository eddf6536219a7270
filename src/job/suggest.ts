import { distance } from 'fastest-levenshtein';

/** @returns the options a person may have meant, best first, three at most; capitals and `-`, `_` do not matter */
export function similar(word: string, options: Iterable<string>): string[] {
  const wanted = plain(word);
  return [...options]
    .map((option) => ({ option, far: distance(wanted, plain(option)) }))
    .filter(
      ({ option, far }) => far <= Math.max(1, Math.floor(Math.min(wanted.length, plain(option).length) / 3)),
    )
    .toSorted((one, other) => one.far - other.far)
    .slice(0, 3)
    .map(({ option }) => option);
}

/** @returns `Did you mean "list_id"?`, or nothing where no option is near */
export function didYouMean(word: string, options: Iterable<string>): string | undefined {
  const [best] = similar(word, options);
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}\p{N}*.]/gu, '');
}
