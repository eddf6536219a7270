import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const openssl = (...args: string[]) => run('openssl', args);

/** Whether certificates can be made here. */
export const canCertify = await openssl('version').then(
  () => true,
  () => false,
);

/** An authority (`ca.pem`), and certificates of it: `server` for localhost, `client` for the user `owner`. */
export async function makeCertificates(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const days = ['-days', '2'];
  const authority = ['-x509', ...key, ...days, '-subj', '/CN=Test authority'];
  await openssl('req', ...authority, '-keyout', at('ca.key'), '-out', at('ca.pem'));
  const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', ...days];
  for (const [name, subject] of Object.entries({ server: 'localhost', client: 'owner' })) {
    const asking = [
      ...key,
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
    ];
    await openssl('req', ...asking);
    await writeFile(at('names'), `subjectAltName=DNS:${subject}\n`);
    const signed = ['-extfile', at('names'), '-in', at(`${name}.csr`), '-out', at(`${name}.pem`)];
    await openssl('x509', '-req', ...signing, ...signed);
    await chmod(at(`${name}.key`), 0o600);
  }
}
