import { readFileSync } from 'node:fs';

/** One instruction, for example `{ word: 'COPY', flags: { from: 'build' }, text: 'a b' }`. */
export type Instruction = { word: string; flags: Record<string, string>; text: string };
export type Stage = { name: string; instructions: Instruction[] };

/** @returns the stages of a Dockerfile; comments are gone and continued lines are joined */
export function readDockerfile(file: string): Stage[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() && !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word, options, text] = /^(\w+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? [];
    if (word === undefined || text === undefined) throw new Error(`Not an instruction: ${line}`);
    const flags = Object.fromEntries([...options!.matchAll(/--([\w-]+)=(\S+)/g)].map(([, k, v]) => [k, v]));
    if (word === 'FROM') stages.push({ name: text.split(/ AS /i)[1] ?? 'final', instructions: [] });
    stages.at(-1)!.instructions.push({ word, flags, text });
  }
  return stages;
}

/** @returns the program and its arguments of an instruction in the exec form, such as `CMD ["a", "b"]` */
export function execForm(stage: Stage, word: string): string[] {
  const text = stage.instructions.findLast((instruction) => instruction.word === word)?.text ?? '';
  return JSON.parse(text.replace(/^CMD\s+/, '')) as string[];
}
