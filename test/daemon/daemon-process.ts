import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Shop } from '../end-to-end/shop.ts';

/** Puts the shop's job into a jobs folder, under a name and with lines of its own. */
export async function scheduled(shop: Shop, name: string, lines: string): Promise<void> {
  await mkdir(join(shop.folder, 'jobs'), { recursive: true });
  const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const text = job
    .replace('name: crowd', `name: ${name}\n${lines}`)
    .replace('path: orders', 'path: ../orders');
  await shop.write(`jobs/${name}.yaml`, text);
}

type LogLine = { msg: string; job?: string };

export type Daemon = {
  process: ChildProcess;
  /** Its log so far. */
  lines: LogLine[];
  port: number;
  ask(path: string, headers?: Record<string, string>): Promise<{ status: number; body: string }>;
  /** Waits until so many lines of the log have a message. */
  logged(message: string, times: number): Promise<void>;
};

/** Starts the daemon and waits until it says that it has. */
export async function start(shop: Shop, ...more: string[]): Promise<Daemon> {
  const process = shop.start('start', '--jobs', 'jobs', '--port', '0', '--json', ...more);
  const said: LogLine[] = [];
  const lines = createInterface(process.stderr!);
  lines.on('line', (line) => said.push(JSON.parse(line) as LogLine));
  const logged = async (message: string, times: number): Promise<void> => {
    while (said.filter(({ msg }) => msg === message).length < times) await once(lines, 'line');
  };
  const [answer] = (await once(process.stdout!, 'data')) as [Buffer];
  const { port } = JSON.parse(answer.toString()) as { port: number };
  const ask: Daemon['ask'] = async (path, headers = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: answer.status, body: await answer.text() };
  };
  return { process, port, lines: said, logged, ask };
}

export async function stopped(process: ChildProcess): Promise<{ code: number | null; seconds: number }> {
  const from = performance.now();
  process.kill('SIGTERM');
  const [code] = (await once(process, 'exit')) as [number | null];
  return { code, seconds: (performance.now() - from) / 1000 };
}
