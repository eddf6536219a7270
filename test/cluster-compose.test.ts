import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadSettings } from '../src/job/settings.ts';
import { stateDir } from './engine/state-dir.ts';

const FOLDER = 'config/cluster';
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

type Service = {
  hostname?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  depends_on?: string[] | Record<string, unknown>;
  build?: string;
  ports?: string[];
};
type Compose = { services: Record<string, Service>; volumes: Record<string, null> };

describe('the compose file for two daemons on two shards', () => {
  const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
  const { services } = compose;
  const like = (kind: string) => Object.entries(services).filter(([name]) => name.startsWith(`${kind}-`));
  const secrets = {
    CLICKHOUSE_PASSWORD: 'canary-pass',
    CLUSTER_SECRET: 'canary-secret',
    SEGMENT_SYNC_TOKEN: 'canary-token-of-thirty-two-letters',
  };
  /** As compose fills in what stands in `.env`. */
  const environmentOf = ({ environment = {} }: Service): Record<string, string> =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+):\?[^}]*\}/, (_, key: keyof typeof secrets) => secrets[key]),
      ]),
    );

  test('names services, volumes and files that are there', () => {
    expect(like('clickhouse')).toHaveLength(2);
    expect(like('sync')).toHaveLength(2);
    for (const { depends_on = [], volumes = [], build } of Object.values(services)) {
      const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
      for (const name of needed) expect(services).toHaveProperty([name]);
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('.')) expect(existsSync(resolve(FOLDER, from)), from).toBe(true);
        else expect(compose.volumes).toHaveProperty([from]);
      }
      if (build !== undefined) expect(existsSync(resolve(FOLDER, build, 'Dockerfile'))).toBe(true);
    }
    const kept = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.filter((one) => !one.startsWith('.')),
    );
    expect(new Set(kept).size).toBe(kept.length);
  });

  test('keeps what must not be lost where the images write it', () => {
    const [, image] = /^VOLUME (\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))!;
    for (const [name, { volumes }] of like('sync')) expect(volumes).toContain(`${name}:${image}`);
    for (const [name, { volumes }] of like('clickhouse'))
      expect(volumes).toContain(`${name}:/var/lib/clickhouse`);
  });

  test.each(like('sync').map(([name, service]) => ({ name, service })))(
    'gives $name settings that the program takes, and a server that there is',
    async ({ service }) => {
      const { engine } = await loadSettings({
        file: join(FOLDER, 'settings.yaml'),
        env: environmentOf(service),
      });
      const { hostname, port } = new URL(engine.url!);
      const server = services[hostname]!;

      expect(server.hostname).toBe(hostname);
      expect(port).toBe('8123');
      expect(engine).toMatchObject({ cluster: 'shop', replicated: true });
      expect(environmentOf(server)).toMatchObject({
        CLICKHOUSE_DB: engine.database,
        CLICKHOUSE_USER: engine.user,
        CLICKHOUSE_PASSWORD: engine.password,
      });
    },
  );

  test('sends each daemon to another server', () => {
    const urls = like('sync').map(([, { environment }]) => environment!.CLICKHOUSE_URL);
    expect(new Set(urls).size).toBe(2);
  });

  test.each(like('clickhouse').map(([name, service]) => ({ name, service })))(
    'tells $name of the cluster in a form that ClickHouse reads, and which part of it it is',
    { timeout: 400_000 },
    async ({ name, service }) => {
      await using state = stateDir();
      mkdirSync(join(state.path, 'spool'), { recursive: true });
      writeFileSync(join(state.path, 'spool/config.xml'), read('clickhouse.xml'));
      // In a process of its own, which has the service's environment for the engine process to find.
      const script = `
        import { openEngine } from '${resolve('src/engine/engine.ts')}';
        const engine = await openEngine({ state: '${state.path}', idle_seconds: 1 });
        const rows = await engine.query(\`SELECT cluster, toUInt32(shard_num) AS shard, host_name AS host, toUInt32(port) AS port,
          getMacro('shard') AS own, getMacro('replica') AS replica FROM system.clusters ORDER BY shard_num\`);
        console.log(JSON.stringify(rows));
        await engine.close();`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, ...environmentOf(service) },
      });

      const { SHARD: own, REPLICA: replica } = service.environment!;
      const shard = (number: number) => ({ shard: number, host: `clickhouse-${number}` });
      expect(JSON.parse(stdout)).toEqual(
        [1, 2].map((number) => ({ cluster: 'shop', ...shard(number), port: 9000, own, replica })),
      );
      expect(replica).toBe(name);
      expect(name).toBe(`clickhouse-${own}`);
    },
  );

  test('has one Keeper, which the servers look for where it listens', () => {
    const [, host, port] = /<zookeeper>\s*<node><host>([^<]+)<\/host><port>(\d+)</.exec(
      read('clickhouse.xml'),
    )!;
    expect(services).toHaveProperty([host!]);
    expect(read('keeper.xml')).toContain(`<tcp_port>${port}</tcp_port>`);
    expect(read('keeper.xml')).toContain(`<hostname>${host}</hostname>`);
  });
});
