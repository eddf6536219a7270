import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify, stripVTControlCharacters } from 'node:util';

/** Whether this machine has `script`, which runs a command on a terminal of its own. */
export const hasTerminals = spawnSync('script', ['--version']).status === 0;

/** Runs a shell's words on a terminal of 80 columns. @returns everything that it was sent */
export async function onTerminal(words: string, env: Record<string, string> = {}): Promise<string> {
  const { CI: _ci, NO_COLOR: _none, FORCE_COLOR: _always, ...own } = process.env;
  const { stdout } = await promisify(execFile)('script', ['-qec', `stty cols 80; ${words}`, '/dev/null'], {
    env: { ...own, TERM: 'xterm', ...env },
    maxBuffer: 1e8,
  });
  return stdout;
}

/** What wipes the last line, or ends it. */
const WIPE_OR_END = new RegExp(String.raw`(\r\u001B\[K|\r?\n)`, 'u');

/** The lines that stand on a terminal in the end, where what was sent only ever wipes the last one. */
export function screenOf(sent: string): string[] {
  const lines = [''];
  for (const text of sent.split(WIPE_OR_END)) {
    if (text.endsWith('\n')) lines.push('');
    else if (text.startsWith('\r')) lines[lines.length - 1] = '';
    else lines[lines.length - 1] += stripVTControlCharacters(text);
  }
  return lines;
}

/** Answers each question on a terminal, as soon as it stands there. @returns everything that the terminal was sent */
export async function answerOnTerminal(
  words: string,
  answers: readonly (readonly [question: string, keys: string])[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  const env = { ...options.env, TERM: 'xterm' };
  const child = spawn('script', ['-qec', `stty cols 80; ${words}`, '/dev/null'], { cwd: options.cwd, env });
  let sent = '';
  const left = [...answers];
  child.stdout.on('data', (chunk: Buffer) => {
    sent += String(chunk);
    while (left.length > 0 && sent.includes(left[0]![0])) child.stdin.write(left.shift()![1]);
  });
  await once(child, 'exit');
  return sent;
}
