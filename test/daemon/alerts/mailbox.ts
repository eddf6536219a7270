import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

type Mail = { from: string; to: string[]; text: string; secure: boolean; user?: string };

/** A mail server that takes what it is sent, until the test ends. */
export type Mailbox = {
  port: number;
  mails: Mail[];
  /** Logins that it saw, whatever became of them. */
  logins: { user?: string | null; password?: string | null; secure: boolean }[];
};

const pem = (name: string) => readFileSync(`test/connectors/fixtures/self-signed.${name}.pem`);

/** @param options `password` is that of every user; recipients whose address begins with `nobody` are refused */
export async function openMailbox(options: SMTPServerOptions & { password?: string } = {}): Promise<Mailbox> {
  const { password = 'letmein', ...more } = options;
  const box: Mailbox = { port: 0, mails: [], logins: [] };
  const server = new SMTPServer({
    key: pem('key'),
    cert: pem('cert'),
    authOptional: true,
    allowInsecureAuth: true,
    closeTimeout: 10,
    onAuth({ username, password: given }, { secure }, done) {
      box.logins.push({ user: username, password: given, secure });
      if (given === password) done(null, { user: username });
      else done(new Error(`Not for ${username} with ${given}`));
    },
    onRcptTo({ address }, _session, done) {
      done(address.startsWith('nobody') ? new Error(`No such user ${address}`) : null);
    },
    onData(stream, { envelope, secure, user }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        const to = envelope.rcptTo.map(({ address }) => address);
        const text = Buffer.concat(chunks).toString();
        box.mails.push({ from, to, text, secure, user: user as string | undefined });
        done();
      });
    },
    ...more,
  });
  // A client that does not like the certificate leaves in the middle of the handshake.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  box.port = (server.server.address() as AddressInfo).port;
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return box;
}
