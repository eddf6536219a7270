/** Where a database is and who asks, as the URL and the settings say. */
export type Address = {
  host: string;
  port: number;
  /** Folder or file of a Unix socket, instead of host and port. */
  socket?: string;
  user: string;
  password: string;
  database: string;
  tls: Tls;
};

/** `verify` checks the server's certificate and name, `unverified` only encrypts. */
export const TLS = ['verify', 'unverified', 'off'] as const;
type Tls = (typeof TLS)[number];

/** The words of PostgreSQL's and MySQL's own clients for it. */
const SSL_MODES: Record<string, Tls> = {
  disable: 'off',
  disabled: 'off',
  allow: 'unverified',
  prefer: 'unverified',
  preferred: 'unverified',
  require: 'unverified',
  required: 'unverified',
  'no-verify': 'unverified',
  'verify-ca': 'verify',
  verify_ca: 'verify',
  'verify-full': 'verify',
  verify_identity: 'verify',
};

/** Which URLs name a database of a kind. */
export type UrlForm = {
  schemes: readonly string[];
  /** The usual one. */
  port: number;
  /** They are URLs of HTTP: the scheme says whether TLS is used, and a port that is left out is that of the scheme. */
  web?: boolean;
};

const WEB_PORTS: Record<string, number> = { 'https:': 443, 'http:': 80 };

/**
 * Reads the URL of a database. Without a word on TLS, connections to this machine go without, all others verify.
 * @returns the address, or what is wrong with the URL as the end of a sentence, which quotes nothing of it
 */
export function readAddress(url: string, form: UrlForm): Address | { problem: string } {
  const [scheme = ''] = form.schemes;
  const example = `${scheme}://user:password@host:${form.port}/database`;
  if (!URL.canParse(url)) return { problem: `is no URL; write it as ${example}, special characters as %40` };
  const parsed = new URL(url);
  if (!form.schemes.includes(parsed.protocol.slice(0, -1)))
    return { problem: `must begin with ${form.schemes.join(':// or ')}://, as in ${example}` };
  const [user, password, database] = [parsed.username, parsed.password, parsed.pathname.slice(1)].map(
    decoded,
  );
  if (user === undefined || password === undefined || database === undefined)
    return { problem: 'has a % that is followed by no code; a percent sign itself is written %25' };
  const socket = parsed.searchParams.get('socket') ?? undefined;
  if (!parsed.hostname && !socket) return { problem: `names no host; write it as ${example}` };
  if (!user) return { problem: `names no user; write it as ${example}` };
  if (!database) return { problem: `names no database; write it as ${example}` };
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const goesWithout = form.web ? parsed.protocol === 'http:' : socket || isLoopback(host);
  const address = {
    host,
    port: Number(parsed.port || (form.web ? WEB_PORTS[parsed.protocol] : form.port)),
    socket,
    user,
    password,
    database,
    tls: goesWithout ? 'off' : 'verify',
  } as const;
  if (form.web && parsed.search) return { problem: `has parameters; it takes none, as in ${example}` };
  return withParameters(address, parsed.searchParams);
}

function withParameters(address: Address, parameters: URLSearchParams): Address | { problem: string } {
  let { tls } = address;
  for (const [name, value] of parameters) {
    if (name === 'socket') continue;
    if (name !== 'sslmode' && name !== 'ssl-mode')
      return { problem: `has a parameter that is not known here; it takes sslmode and socket` };
    const mode = SSL_MODES[value.toLowerCase()];
    if (!mode) return { problem: `has an sslmode that is none of ${Object.keys(SSL_MODES).join(', ')}` };
    tls = mode;
  }
  return { ...address, tls };
}

/** What of it is no secret: `shop at db.example:5432`. */
export function placeOf({ host, port, socket, database }: Address): string {
  return `${database} at ${socket ?? `${host}:${port}`}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
