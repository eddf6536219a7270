import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Instruction, Stage } from './dockerfile.ts';

const run = promisify(execFile);

export type Image = {
  /** The folder that stands for `/`. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  /** Steps that need a container of their own and were not tried. */
  skipped: string[];
};

/**
 * Does what a Dockerfile says in plain folders: copies only what the build context or an earlier stage has, and runs
 * the npm steps for real.
 * @param context folder of the sources, and the paths in it that may be copied
 * @throws Error where a step copies what is not there, or fails
 */
export async function tryBuild(
  stages: readonly Stage[],
  context: { root: string; files: readonly string[] },
  folder: string,
): Promise<Image> {
  const images = new Map<string, Image>();
  let image: Image = { root: folder, workdir: '/', env: {}, skipped: [] };
  for (const stage of stages) {
    image = { root: join(folder, stage.name), workdir: '/', env: {}, skipped: [] };
    images.set(stage.name, image);
    for (const instruction of stage.instructions) await step(instruction);
  }
  return image;

  async function step({ word, flags, text }: Instruction): Promise<void> {
    const here = join(image.root, image.workdir);
    if (word === 'WORKDIR') {
      image.workdir = join(image.workdir, text);
      mkdirSync(join(image.root, image.workdir), { recursive: true });
    } else if (word === 'ENV') {
      for (const [, name, value] of text.matchAll(/(\w+)=(\S+)/g)) image.env[name!] = value!;
    } else if (word === 'COPY') {
      const words = text.split(/\s+/);
      const target = words.at(-1)!;
      for (const source of words.slice(0, -1)) copy(source, flags['from'], join(here, target));
    } else if (word === 'RUN' && text.startsWith('npm ')) {
      await run('sh', ['-c', text], { cwd: here, env: { ...cleanEnvironment(), ...image.env } });
    } else if (word === 'RUN') {
      image.skipped.push(text);
    }
  }

  function copy(source: string, from: string | undefined, target: string): void {
    if (from !== undefined) {
      cpSync(join(images.get(from)!.root, source), target, { recursive: true, verbatimSymlinks: true });
      return;
    }
    const files = context.files.filter((file) => file === source || file.startsWith(`${source}/`));
    if (files.length === 0) throw new Error(`COPY ${source}: not in the build context`);
    const isFolder = statSync(join(context.root, source)).isDirectory();
    for (const file of files) {
      const into = isFolder ? join(target, file.slice(source.length)) : join(target, source);
      mkdirSync(dirname(into), { recursive: true });
      cpSync(join(context.root, file), into);
    }
  }
}

/** The environment of a fresh build: nothing of the npm or the test run that this one was started by. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|node_env$|vitest|test$)/i.test(name));
  return { ...(Object.fromEntries(kept) as Record<string, string>), npm_config_prefer_offline: 'true' };
}
