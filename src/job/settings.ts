import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { AlertSettings } from './alert-settings.ts';
import { DaemonSettings } from './daemon-settings.ts';
import { milliseconds } from './duration.ts';
import type { Environment } from './fill-secrets.ts';
import { readConfig } from './read-config.ts';
import { RetentionSettings } from './retention-settings.ts';

const SIZE_BYTES = { MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const SIZE = /^(\d+)(MiB|GiB)$/;

const size = z
  .string()
  .regex(SIZE, 'Write a number and a unit, for example 512MiB or 4GiB')
  .transform((text) => {
    const [, amount, unit] = SIZE.exec(text)!;
    return Number(amount) * SIZE_BYTES[unit as keyof typeof SIZE_BYTES];
  });

const file = z.string().min(1).optional();

/** Settings of the program, which hold for every job. Sizes come out in bytes. */
export const SettingsFile = z.strictObject({
  engine: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
          error: 'Write user and password as `engine.user` and `engine.password`',
        })
        .optional()
        .describe(
          'Address of a ClickHouse server; without it the engine that comes with the program is used.',
        ),
      user: z.string().default('default').describe('User on the server.'),
      password: z.string().default('').meta({ secret: true }).describe('Password of that user.'),
      database: z
        .string()
        .regex(/^\w+$/, 'Write letters, digits and underscores')
        .default('segment_sync')
        .describe('Database on the server that holds the tables of the program.'),
      cluster: z
        .string()
        .regex(/^[A-Za-z]\w*$/, 'Write letters, digits and underscores')
        .optional()
        .describe(
          'Cluster that the server is of, as its `remote_servers` calls it; the tables are then divided among its shards.',
        ),
      replicated: z
        .boolean()
        .default(true)
        .describe(
          'Whether the shards of the cluster keep replicas, or may come to; `false` where each will always be one server.',
        ),
      ca: file.describe(
        'File with the certificates to trust (PEM), relative to the settings file; those of the system when absent.',
      ),
      cert: file.describe(
        "File with a certificate of the program's own (PEM), for a server that asks for one; without `password` the user logs in by it.",
      ),
      key: file.describe('File with the key of that certificate (PEM).'),
      gone_after: milliseconds()
        .prefault('1m')
        .describe(
          'How long the server may answer nothing before what waits for it is given up, and how long it is waited for to come back.',
        ),
      max_memory: size
        .optional()
        .describe("Memory that the engine may take, such as 4GiB; half of the machine's unless given."),
    })
    .superRefine(({ cluster, url }, context) => {
      if (cluster === undefined || url !== undefined) return;
      context.addIssue({
        code: 'custom',
        path: ['cluster'],
        message: 'Give `url` with `cluster`: any server of it',
      });
    })
    .superRefine(({ cert, key }, context) => {
      if ((cert === undefined) === (key === undefined)) return;
      const path = [cert === undefined ? 'key' : 'cert'];
      context.addIssue({ code: 'custom', path, message: 'Give `cert` and `key` together' });
    })
    .prefault({})
    .describe('Where the heavy work is done.'),
  alerts: AlertSettings.prefault([]).describe(
    'Where the daemon tells what is wrong with jobs that have no `alerts` of their own, or whose file cannot be used; channels are written as there.',
  ),
  daemon: DaemonSettings.prefault({}).describe('How `start` runs the jobs, and who may ask it.'),
  retention: RetentionSettings.prefault({}).describe(
    'How long what is kept. The daemon forgets what is older once a day.',
  ),
});
export type Settings = z.output<typeof SettingsFile>;

/** Where the settings stand, seen from where the program is started. */
export const SETTINGS_FILE = 'config/settings.yaml';

/**
 * Reads the settings file; without one every setting has its default.
 * @param options `secrets` is added to: what must never be printed
 * @throws JobFileError with everything that is wrong with the file
 */
export async function loadSettings(options: {
  env: Environment;
  file?: string;
  secrets?: Set<string>;
}): Promise<Settings> {
  const file = options.file ?? SETTINGS_FILE;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return SettingsFile.parse({});
    throw error;
  }
  const folder = dirname(resolve(file));
  const settings = readConfig(text, { ...options, file, folder, schema: SettingsFile });
  const { engine } = settings;
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = engine[name];
    if (path !== undefined) engine[name] = resolve(folder, path);
  }
  return settings;
}
