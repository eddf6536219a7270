/** What an imitation platform sees of a request; `path` starts after the platform's prefix. */
export type SandboxRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  /** Parsed JSON, or undefined where there is none. */
  body: unknown;
  /** How many requests of the platform are being answered at this moment, this one among them. */
  open?: number;
};

export type SandboxReply = {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`; for answers that are not JSON. */
  text?: string;
  content_type?: string;
};

/** E-mail addresses the Mailchimp list knows, with their status; without them every address is taken as it comes. */
export type SandboxPerson = { email: string; status?: string };

export type SandboxOptions = {
  people?: readonly SandboxPerson[];
  /** Milliseconds since 1970; tests hand in their own clock. */
  now?: () => number;
  /** False: quotas and connections are not counted. */
  rates?: boolean;
  /** True: what sources read is there from the start, a few dozen records, for people to try. */
  sample?: boolean;
};

/** A small stateful imitation of one platform: its documented paths, limits, paging, jobs and per-item errors. */
export type SandboxPlatform = {
  name: 'mailchimp' | 'klaviyo' | 'facebook' | 'shopify' | 'woocommerce';
  /** First part of every path, for example `/3.0`. */
  prefix: string;
  handle(request: SandboxRequest): SandboxReply;
  /** What it holds, in the shape `GET /_state` answers. */
  state(): unknown;
};
