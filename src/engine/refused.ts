import { ClickHouseError } from '@clickhouse/client';
import { SyncError, type Problem } from '../../connectors/error.ts';
import { codeOf } from './errors.ts';
import type { ServerSettings } from './server.ts';

/** REQUIRED_PASSWORD, WRONG_PASSWORD, UNKNOWN_USER, IP_ADDRESS_NOT_ALLOWED, AUTHENTICATION_FAILED. */
const LOGIN = /^(19[2345]|516)$/;
const CERTIFICATE =
  /^(CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;
/** What Node says where only one of the two sides speaks TLS. */
const NOT_ALIKE = /^(EPROTO|HPE_)|WRONG_VERSION_NUMBER|PACKET_LENGTH/;

/** @returns the error to act on where a server, or its TLS, lets nobody in; undefined for any other */
export function refusedBy(
  settings: ServerSettings | { state: string },
  error: unknown,
): SyncError | undefined {
  if ('state' in settings) return undefined;
  const problem = error instanceof ClickHouseError ? refusal(settings, error) : tls(settings, codeOf(error));
  if (!problem) return undefined;
  return new SyncError({ where: new URL(settings.url).host, ...problem }, { cause: error });
}

/** @returns the error to act on where the user's profile keeps the program's settings from being set */
export function unsettable(settings: ServerSettings, error: unknown): SyncError | undefined {
  // READONLY, SETTING_CONSTRAINT_VIOLATION
  if (!(error instanceof ClickHouseError) || !['164', '452'].includes(error.code)) return undefined;
  return new SyncError(
    {
      code: 'ENGINE_PERMISSION',
      where: new URL(settings.url).host,
      what: `The user "${userOf(settings)}" may not set what the program sets for its statements.`,
      why: 'Its profile has `readonly`, or constraints on settings.',
      fix: 'Give the user a profile without them.',
    },
    { cause: error },
  );
}

function refusal(settings: ServerSettings, { code, message }: ClickHouseError): Problem | undefined {
  const { database = 'default', cert, password } = settings;
  if (LOGIN.test(code)) {
    const byCertificate = cert !== undefined && !password;
    return {
      code: 'ENGINE_KEY_REFUSED',
      what: `The ClickHouse server refused the user "${userOf(settings)}".`,
      why: byCertificate
        ? 'There is no such user, or its certificate is another.'
        : 'There is no such user, the password is wrong, or it may not come from this machine.',
      fix: byCertificate
        ? 'Correct `engine.user` or `engine.cert`, or give the user on the server the name in the certificate.'
        : 'Correct `engine.user` and `engine.password`.',
    };
  }
  // UNKNOWN_DATABASE, which a query of a source may get for a database of its own
  if (code === '81' && message.includes(`Database ${database} `)) {
    return {
      code: 'ENGINE_DATABASE',
      what: `The ClickHouse server has no database "${database}".`,
      fix: `Make it with \`CREATE DATABASE ${database}\`, or correct \`engine.database\`.`,
    };
  }
  return undefined;
}

function tls({ url }: ServerSettings, code: string): Problem | undefined {
  const { host, protocol } = new URL(url);
  if (NOT_ALIKE.test(code)) {
    const asked = protocol === 'https:';
    return {
      code: 'ENGINE_TLS',
      what: asked ? `${host} has no TLS.` : `${host} does not answer without TLS.`,
      fix: `Correct the port in \`engine.url\`, or write ${asked ? 'http' : 'https'} there.`,
    };
  }
  if (!CERTIFICATE.test(code)) return undefined;
  return {
    code: 'ENGINE_TLS',
    what: `The TLS of ${host} cannot be trusted, or it does not trust ours (${code}).`,
    why: 'Its certificate must be for that host, still valid, and from an authority that this machine or `engine.ca` knows.',
    fix: 'Set `engine.ca` to the file with the certificate of its authority (PEM), and `engine.cert` and `engine.key` where the server asks for a certificate.',
  };
}

function userOf({ user = 'default' }: ServerSettings): string {
  return user;
}
