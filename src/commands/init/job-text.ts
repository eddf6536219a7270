import {
  Document,
  isMap,
  isScalar,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** What a job file is made of. */
export type JobParts = {
  name: string;
  timezone: string;
  currency: string;
  schedule?: string;
  /** Other currencies that orders are in. */
  others: readonly string[];
  source: Record<string, unknown>;
  unknown_states: readonly string[];
  destinations: readonly Destination[];
  /** Folder of the lists, relative to the job file. */
  lists: string;
};

export const DESTINATIONS = ['csv', 'mailchimp', 'klaviyo', 'facebook'] as const;
export type Destination = (typeof DESTINATIONS)[number];

/** Secrets and ids that the destinations take from the environment, and where to find them. */
export const SECRETS: Record<Destination, Record<string, string>> = {
  csv: {},
  mailchimp: {
    MAILCHIMP_API_KEY: 'in Mailchimp: Profile, Extras, API keys',
    MAILCHIMP_LIST_ID: 'in Mailchimp: Audience, Settings, Audience ID',
  },
  klaviyo: { KLAVIYO_API_KEY: 'in Klaviyo: Settings, API keys, private key' },
  facebook: {
    META_ACCESS_TOKEN: "a system user's token with ads_management",
    META_AD_ACCOUNT_ID: "the number in the Ads Manager's address, after act_",
  },
};

/** What stands for them while a file is proved in which they are not set yet. */
export const SAMPLES: Record<Destination, Record<string, string>> = {
  csv: {},
  mailchimp: { MAILCHIMP_API_KEY: 'key-us1', MAILCHIMP_LIST_ID: 'list' },
  klaviyo: { KLAVIYO_API_KEY: 'key' },
  facebook: { META_ACCESS_TOKEN: 'token', META_AD_ACCOUNT_ID: 'act_1' },
};

type Path = readonly (string | number)[];

/**
 * The job file, with a sentence at every setting.
 * @param from what it reads, for people
 * @param schema path of the JSON Schema beside it, if it is there
 */
export function jobText(parts: JobParts, from: string, schema: string | undefined): string {
  const { name, timezone, currency, schedule, source, destinations, lists } = parts;
  const document = new Document({
    name,
    ...(schedule === undefined ? {} : { schedule }),
    timezone,
    currency,
    sources: [source],
    segments: { lifecycle: {}, value_engagement: {} },
    destinations: destinations.map((type) => settingsOf(type, lists)),
  });
  const pairAt = (path: Path) => {
    const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pair = isMap(map)
      ? map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      : undefined;
    return pair as Pair<Scalar, Node> | undefined;
  };
  const say = (path: Path, sentence: string) => {
    const pair = pairAt(path);
    if (isScalar(pair?.value)) pair.value.comment = ` ${sentence}`;
  };
  const sayBefore = (path: Path, text: string) => {
    const pair = pairAt(path);
    if (pair) pair.key.commentBefore = text.replaceAll(/^(?=.)/gm, ' ');
  };
  document.commentBefore = [
    ...(schema === undefined ? [] : [` yaml-language-server: $schema=${schema}`, '']),
    ` Written by \`segment-sync init\` for ${from}. It is yours: change what you like, then`,
    ` \`segment-sync check ${name}\` says whether it can be used.`,
  ].join('\n');
  say(['name'], 'what reports and commands call this job');
  say(['schedule'], '`segment-sync start` runs it then: minute, hour, day of month, month, day of week');
  say(['timezone'], "where the shop's days begin and end");
  say(['currency'], 'every figure is in this currency');
  const first = ['sources', 0];
  say([...first, 'format'], 'what the file is');
  sayBefore(
    [...first, 'path'],
    'a * stands for any text: put newer exports beside it, and write orders*.csv',
  );
  say([...first, 'records'], 'each row is one order');
  say([...first, 'url'], 'taken from the environment, so no password stands in this file');
  sayBefore([...first, 'query'], '{since} stands for where the last run ended');
  sayBefore([...first, 'columns'], "our name of a field: the name in the file's first line");
  say([...first, 'dates'], 'the order of day (d), month (m) and year (y) in dates');
  say([...first, 'decimal'], 'stands before cents');
  if (parts.unknown_states.length > 0)
    sayBefore([...first, 'records' in source ? 'records' : 'query'], statesText(parts.unknown_states));
  sayBefore(['segments', 'lifecycle'], 'top, active, at risk, lost');
  sayBefore(
    ['segments', 'value_engagement'],
    'what they spend against how lately they came by: seven groups',
  );
  for (const [index, type] of destinations.entries()) {
    const place = ['destinations', index];
    if (type === 'csv') say([...place, 'path'], 'one CSV file for each group');
    for (const [secret, where] of Object.entries(SECRETS[type])) {
      const keys = Object.entries(settingsOf(type, lists));
      const key = keys.find(([, value]) => value === `\${${secret}}`)![0];
      say([...place, key], where);
    }
    const { items } = document.getIn([...place, 'audiences']) as YAMLSeq<YAMLMap>;
    for (const audience of items) audience.flow = true;
  }
  for (const part of ['sources', 'segments', 'destinations']) pairAt([part])!.key.spaceBefore = true;
  const text = document.toString({ lineWidth: 0, singleQuote: true });
  const others = parts.others.length > 0 ? `${ratesText(parts.others, currency)}\n` : '';
  return text.replace(/^currency:.*\n/m, (line) => `${line}${others}`);
}

function settingsOf(type: Destination, lists: string): Record<string, unknown> {
  if (type === 'csv') return { type, path: lists, audiences: [{ segment: '*' }] };
  if (type === 'mailchimp') {
    const audiences = [{ segment: 'value_engagement.*', tag: 'VE: {label}' }];
    return { type, api_key: '${MAILCHIMP_API_KEY}', list_id: '${MAILCHIMP_LIST_ID}', audiences };
  }
  if (type === 'klaviyo') {
    const audiences = [{ segment: 'lifecycle.*', list: 'Lifecycle: {label}' }];
    return { type, api_key: '${KLAVIYO_API_KEY}', audiences };
  }
  const audiences = [{ segment: 'lifecycle.at_risk' }, { segment: 'lifecycle.top' }];
  return {
    type,
    access_token: '${META_ACCESS_TOKEN}',
    ad_account_id: '${META_AD_ACCOUNT_ID}',
    audiences,
  };
}

function ratesText(others: readonly string[], currency: string): string {
  return [
    `# Orders in other currencies add no revenue until these lines say what one is worth in ${currency}: take the # away.`,
    '# exchange_rates:',
    ...others.map((code) => `#   ${code}: 1.0`),
  ].join('\n');
}

function statesText(words: readonly string[]): string {
  return [
    `Orders in these states do not count until \`states\` says what the words mean: ${words.join(', ')};`,
    'as in states: { collected: paid }. It may be paid, pending, unpaid, refunded, cancelled or test.',
  ].join('\n');
}
