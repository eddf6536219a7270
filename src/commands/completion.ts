import type { Argument, Command, Option } from 'commander';
import { jobNames, loadJob } from '../job/load.ts';
import { MODELS, segmentsOf, type ModelName } from '../job/segments.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What a shell is to offer: words with what they mean, or `FILES` for the files that are there. */
type Offer = [word: string, meaning: string];
const FILES: Offer = [':files', ''];

/**
 * `completion SHELL`: a script for the shell to read when it starts. It asks this very program, by its path, what could
 * come next: so an alias is completed as well, and jobs are those of the moment.
 */
export function completion(context: CommandContext, shell: Shell, program: readonly string[]): ExitCode {
  const words = program.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  context.print(
    SCRIPTS[shell].replaceAll('PROGRAM', () => words),
    true,
  );
  return EXIT.done;
}

/** `complete WORD…`: what could stand in place of the last word, a line each, the meaning behind a tab. */
export async function complete(
  context: CommandContext,
  program: Command,
  words: readonly string[],
): Promise<ExitCode> {
  const [typed = ''] = words.slice(-1);
  const offers = await offersFor(context, program, words.slice(0, -1), typed);
  const fitting = offers.filter((offer) => offer === FILES || offer[0].startsWith(typed));
  for (const [word, meaning] of fitting) context.print(meaning === '' ? word : `${word}\t${meaning}`, true);
  return EXIT.done;
}

async function offersFor(
  context: CommandContext,
  program: Command,
  before: readonly string[],
  typed: string,
): Promise<Offer[]> {
  const shown = program.createHelp().visibleCommands(program);
  const command = shown.find((one) => one.name() === before[0]);
  if (before.length === 0) return shown.map((one) => [one.name(), one.description()]);
  if (!command) return [];
  const options = command.createHelp().visibleOptions(command);
  const valued = (word: string | undefined) =>
    options.find((option) => option.long === word && (option.required || option.optional));
  const waiting = valued(before.at(-1));
  const rest = before.slice(1);
  const places = rest.filter((word, at) => !word.startsWith('-') && !valued(rest[at - 1]));
  const flag = (name: string) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);
  const from = { ...context, jobs: flag('--jobs') ?? context.jobs };
  if (waiting) return valuesOf(from, waiting, places[0]);
  if (typed.startsWith('-')) return options.map(({ long, description }) => [long!, description]);
  const argument = command.registeredArguments[places.length];
  return argument ? placesOf(from, argument, shown) : [];
}

async function placesOf(
  context: CommandContext,
  argument: Argument,
  commands: readonly Command[],
): Promise<Offer[]> {
  if (argument.argChoices) return argument.argChoices.map((choice) => [choice, '']);
  if (argument.name() === 'command') return commands.map((one) => [one.name(), one.description()]);
  if (argument.name() !== 'job') return [];
  const names = await jobNames(context.jobs);
  return [...names.map((name): Offer => [name, 'job']), FILES];
}

/** What an option may be given; a job file that cannot be read takes nothing away but its own segments. */
async function valuesOf(context: CommandContext, option: Option, job: string | undefined): Promise<Offer[]> {
  if (option.argChoices) return option.argChoices.map((choice) => [choice, '']);
  if (option.long === '--segment') return job === undefined ? [] : segmentOffers(context, job);
  if (option.long === '--model') return [...Object.keys(MODELS), 'custom'].map((model) => [model, '']);
  if (option.long === '--timezone')
    return ['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => [zone, '']);
  return /<(file|dir|place)>/.test(option.flags) ? [FILES] : [];
}

async function segmentOffers(context: CommandContext, reference: string): Promise<Offer[]> {
  const usual = segmentsOf(Object.fromEntries(Object.keys(MODELS).map((model) => [model as ModelName, {}])));
  const segments = await loadJob(reference, context).then(
    (job) => segmentsOf(job.segments),
    () => usual,
  );
  return segments.map(({ name, label }) => [name, label]);
}

const SCRIPTS: Record<Shell, string> = {
  bash: `# Completion of segment-sync for bash; in ~/.bashrc: source <(segment-sync completion bash)
_segment_sync() {
  local word meaning
  COMPREPLY=()
  while IFS=$'\\t' read -r word meaning; do
    if [[ $word == :files ]]; then compopt -o default; else COMPREPLY+=("$word"); fi
  done < <(PROGRAM complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _segment_sync segment-sync`,
  zsh: `# Completion of segment-sync for zsh; in ~/.zshrc, below compinit: source <(segment-sync completion zsh)
_segment_sync() {
  local word meaning files
  local -a found
  while IFS=$'\\t' read -r word meaning; do
    if [[ $word == :files ]]; then files=1; else found+=("\${word//:/\\\\:}:$meaning"); fi
  done < <(PROGRAM complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe segment-sync found
  [[ -n $files ]] && _files
}
compdef _segment_sync segment-sync`,
  fish: `# Completion of segment-sync for fish: segment-sync completion fish > ~/.config/fish/completions/segment-sync.fish
function __segment_sync
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in (PROGRAM complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c segment-sync -f -a "(__segment_sync)"`,
};
