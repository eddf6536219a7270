import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificates } from '../engine/certificates.ts';
import { PASSWORD } from '../engine/door.ts';
import { connection, type Engine } from './database-connection.ts';

const run = promisify(execFile);

/** A server of the tests' own, with a password and TLS, on a port of its own. */
export type OwnServer = {
  /** Without database and parameters. */
  url: string;
  /** File with the certificate of the authority that signed the server's. */
  ca: string;
  stop(): Promise<void>;
};

/** @returns why a server cannot be started here, or undefined */
export function missingBinaries(engine: Engine): string | undefined {
  const needed = { postgres: ['initdb', 'postgres'], mysql: ['mariadb-install-db', 'mariadbd'] }[engine];
  const missing = ['openssl', ...needed].filter((name) => !programOf(name));
  return missing.length > 0 ? `not installed here: ${missing.join(', ')}` : undefined;
}

export async function startServer(engine: Engine): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), `segment-sync-${engine}-`));
  await makeCertificates(folder);
  const port = await freePort();
  const child = await (engine === 'postgres' ? startPostgres : startMariadb)(folder, port);
  const url = `${engine}://owner:${encodeURIComponent(PASSWORD)}@localhost:${port}`;
  if (engine === 'postgres') {
    await connection(engine, `${url}/postgres`, async (ask) => {
      await ask(`CREATE USER only_tls PASSWORD '${PASSWORD}'`);
      await ask('CREATE DATABASE shop');
    });
  }
  return {
    url,
    ca: join(folder, 'ca.pem'),
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      // At SIGINT PostgreSQL lets nobody finish; MariaDB does not listen to it.
      child.kill(engine === 'postgres' ? 'SIGINT' : 'SIGTERM');
      if (child.exitCode === null) await exited;
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

type Owner = { uid: number; gid: number };

async function startPostgres(folder: string, port: number): Promise<ChildProcess> {
  const data = join(folder, 'data');
  const words = join(folder, 'words');
  await writeFile(words, `${PASSWORD}\n`, { mode: 0o600 });
  const owner = await postgresUser();
  if (owner)
    for (const name of ['', ...readdirSync(folder)]) await chown(join(folder, name), owner.uid, owner.gid);
  const init = [
    '-D',
    data,
    '-U',
    'owner',
    '--pwfile',
    words,
    '-A',
    'scram-sha-256',
    '--no-sync',
    '-E',
    'UTF8',
  ];
  await run(programOf('initdb')!, init, owner);
  await writeFile(
    join(data, 'pg_hba.conf'),
    'hostssl all only_tls all scram-sha-256\nhost all owner all scram-sha-256\n',
  );
  const settings = [
    'listen_addresses=localhost',
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'ssl=on',
    `ssl_cert_file=${join(folder, 'server.pem')}`,
    `ssl_key_file=${join(folder, 'server.key')}`,
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  return started(
    spawn(programOf('postgres')!, args, { ...owner, stdio: ['ignore', 'ignore', 'pipe'] }),
    /ready to accept/,
  );
}

async function startMariadb(folder: string, port: number): Promise<ChildProcess> {
  const data = join(folder, 'data');
  const common = ['--no-defaults', `--datadir=${data}`, `--user=${userInfo().username}`];
  await run(programOf('mariadb-install-db')!, [
    ...common,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]);
  const init = join(folder, 'init.sql');
  await writeFile(
    init,
    `CREATE USER owner@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO owner@'%' WITH GRANT OPTION;
     CREATE USER only_tls@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL; GRANT ALL ON *.* TO only_tls@'%';
     CREATE DATABASE shop;\n`.replaceAll(/;\s+/g, ';\n'),
  );
  const args = [
    ...common,
    `--port=${port}`,
    '--bind-address=localhost',
    `--socket=${join(folder, 'm.sock')}`,
    `--ssl-cert=${join(folder, 'server.pem')}`,
    `--ssl-key=${join(folder, 'server.key')}`,
    `--init-file=${init}`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=32M',
    '--skip-log-bin',
  ];
  return started(
    spawn(programOf('mariadbd')!, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
    /ready for connections/,
  );
}

/** Waits for the line that says so. */
async function started(child: ChildProcess, ready: RegExp): Promise<ChildProcess> {
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      log += String(chunk);
      if (ready.test(log)) resolve();
    });
    child.once('exit', () => reject(new Error(`The server did not start:\n${log}`)));
  });
  return child;
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package makes. */
async function postgresUser(): Promise<Owner | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Packages keep PostgreSQL's programs in a folder for each version, off the path. */
function programOf(name: string): string | undefined {
  const versions = '/usr/lib/postgresql';
  const packaged = existsSync(versions)
    ? readdirSync(versions)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin'))
    : [];
  const folders = [...packaged, ...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
