import type { ErrorEntry } from './entry.ts';

/** What can be wrong with a source. */
export const SOURCE_ERRORS = {
  SOURCE_ANSWER: {
    meaning: 'The source answered with something that its documents do not describe.',
    causes: [
      'A firewall, a cache, a proxy or a page of maintenance answered in its place.',
      'A plugin of a WooCommerce shop changes answers, or how lists are sorted.',
      'The platform changed its API.',
    ],
    cure: 'See that `base_url` or `url` leads to the platform itself. If it does, look for a newer version of the program, or report the code with its words.',
  },
  SOURCE_BLOCKED: {
    meaning: 'Something before the shop turned the request away.',
    causes: ['A firewall or a security plugin of the shop.', 'The host limits requests from data centres.'],
    cure: 'Let the machine through in the firewall or plugin: paths under `/wp-json/wc/v3`.',
  },
  SOURCE_BROKEN: {
    meaning: 'The program of the shop broke off (a status of 500 or above).',
    causes: ['PHP has too little memory or time for the page.', 'A plugin fails.'],
    cure: 'The next run goes on from there. If it stays, raise `timeout`, have the host give PHP more, and look into the log of the shop.',
  },
  SOURCE_CERTIFICATE: {
    meaning: 'The certificate of the shop is not valid.',
    causes: [
      'It ran out.',
      'It is for another name.',
      'A certificate between it and its authority is missing.',
    ],
    cure: 'Have it renewed or installed whole. Nothing is read without one.',
  },
  SOURCE_CLOSED: {
    meaning: 'The shop is frozen, locked or not active.',
    causes: ['A bill of Shopify is unpaid.', 'Shopify or the owner closed the shop.'],
    cure: 'The owner settles it with Shopify; or take the source out of the job.',
  },
  SOURCE_CURSOR: {
    meaning: 'The cursor of a query cannot be used.',
    causes: [
      'Its column is no time, date or growing whole number.',
      '`sorted` is set and the rows do not come in that order.',
      '`lag` or `start` is of another kind than the column.',
    ],
    cure: 'Name a column of the query that grows when a row changes; add `ORDER BY` it, or leave `sorted` out.',
  },
  SOURCE_CUT_OFF: {
    meaning: 'The answer of the shop was empty or ended in the middle.',
    causes: ['PHP ran out of time or memory.', 'The connection broke.'],
    cure: 'Smaller pages are asked for by themselves. If it stays, raise `timeout` or have the host give PHP more.',
  },
  SOURCE_DOWN: {
    meaning: 'The source cannot be reached, or says that it cannot answer just now.',
    causes: [
      'A host or port in the settings is wrong.',
      'The platform or database is down, or takes no more connections.',
      'A firewall or the network of this machine stands between.',
    ],
    cure: 'Nothing if it passes: the next run goes on from there. Else correct the address, and try it from the same machine.',
  },
  SOURCE_EMPTY: {
    meaning: 'No customer with a purchase was found, so nothing was sent.',
    causes: [
      'Another file or table than meant.',
      'Most rows were rejected.',
      'States of orders are unknown, or orders are not paid yet.',
      '`--as-of` lies before the first order.',
    ],
    cure: 'Look at the rejected rows and notes of the run, and at `columns`, `states` and `pending_orders` of the source; then run again.',
  },
  SOURCE_GONE: {
    meaning: 'What was asked of the shop is no longer there.',
    causes: ['It was deleted while it was read.'],
    cure: 'Nothing to do: the next run reads what is there.',
  },
  SOURCE_KEY_REFUSED: {
    meaning: 'The source does not accept the key, token or password.',
    causes: [
      'It is mistyped, was revoked or ran out.',
      'In a URL a character of the password is not written as a code.',
      'The user may not come from this machine.',
    ],
    cure: 'Make a new one as the guide of the connector says, put it where the setting reads it from, and run `segment-sync check`.',
  },
  SOURCE_MISSING_COLUMN: {
    meaning: 'A file or query has not the column that the settings name.',
    causes: [
      'The column is called otherwise.',
      'The file has no header line, or another `delimiter`.',
      'The export changed.',
    ],
    cure: 'Correct `columns`; the error lists the columns that are there and names the nearest. In a query, write `AS` our name.',
  },
  SOURCE_MISSING_FILE: {
    meaning: 'No file or object matches.',
    causes: [
      '`path` is relative to the job file, not to the current folder.',
      'The export was not made.',
      '`ca` names a file that is not there.',
    ],
    cure: 'Correct the path, or put the file there.',
  },
  SOURCE_MOVED: {
    meaning: 'The shop sends its callers elsewhere, and the key goes to no other host than `url` names.',
    causes: ['The shop has another address by now, often with or without www.', 'It leads away from https.'],
    cure: 'Write the address that the error names as `url`, if that is the shop.',
  },
  SOURCE_NOT_FOUND: {
    meaning: 'There is no such shop, database or table.',
    causes: [
      'A name in the settings or the query is wrong.',
      'A `clickhouse` source without `url` has no server to read from.',
    ],
    cure: 'Correct `shop`, the end of `url`, or the table in `query`, with its schema if need be.',
  },
  SOURCE_NOT_READY: {
    meaning: 'Shopify has been putting the records together for six hours, and is not done.',
    causes: ['The first pull of a very large shop.'],
    cure: 'Nothing to do: Shopify goes on, and the next run takes the result.',
  },
  SOURCE_NO_API: {
    meaning: 'There is no REST API of WooCommerce at that address.',
    causes: [
      'WooCommerce is not active, or older than 3.5.',
      'Permalinks are "plain".',
      'A plugin turns the REST API off.',
      '`url` is not the address of the shop.',
    ],
    cure: 'Choose any other permalinks under WordPress > Settings > Permalinks, activate WooCommerce, and correct `url`.',
  },
  SOURCE_NO_ROOM: {
    meaning: 'The result of Shopify has no room in the folder for temporary files.',
    causes: ['The disk is full, or the folder is small (memory).'],
    cure: 'Make room, or set TMPDIR to a folder with more: twice the size of the result is needed for a while.',
  },
  SOURCE_PERMISSION: {
    meaning: 'The key is good but may not read what the source needs.',
    causes: [
      'A scope, role or grant is missing.',
      'At Shopify: `read_all_orders`, or protected customer data, was not granted.',
      'At WooCommerce: the key is of an account that sees no customers, or may only write.',
      'At ClickHouse: the profile of the user has `readonly = 1`.',
    ],
    cure: 'Give it what the guide of the connector lists; `segment-sync check` names what is missing. Klaviyo needs a new key for new scopes.',
  },
  SOURCE_QUERY: {
    meaning: 'The database does not run the query.',
    causes: [
      'It does not understand it.',
      'It fails on the values of a row, such as a cast.',
      'It needs more memory or time than the database allows.',
    ],
    cure: 'Correct `query`; it must run in the database as it is, with a value for `{since}`. Where a limit is reached, read less at a time (`start`).',
  },
  SOURCE_REFUSED: {
    meaning: 'The storage of files refuses the request.',
    causes: [
      'The key is unknown, or `secret_key` is not its own.',
      'It lacks `s3:ListBucket` or `s3:GetObject`.',
      'There is no such bucket in that region.',
    ],
    cure: 'Correct `access_key`, `secret_key`, `region`, `base_url` or the bucket in `path`, as the error says.',
  },
  SOURCE_REJECTED: {
    meaning: 'The platform understood the request and refused it.',
    causes: [
      'Settings ask for something that it does not have, such as a `list_id` of another account.',
      'The platform changed its API.',
    ],
    cure: 'Its own words stand in the error. Correct what they name, else report them.',
  },
  SOURCE_THROTTLED: {
    meaning: 'The source takes no more requests for longer than a run waits (two minutes).',
    causes: ['Other programs use the same account or app.', 'The host or a firewall limits requests.'],
    cure: 'Nothing if it passes: the next run goes on from there. If it is frequent, give this program an app or key of its own.',
  },
  SOURCE_TIMEOUT: {
    meaning: 'The query or the answer took longer than `timeout`.',
    causes: ['No index finds what is new.', 'The first pull reads everything at once.', 'The host is slow.'],
    cure: 'Give the column of the cursor an index, read less at a time (`start`), or raise `timeout`.',
  },
  SOURCE_TLS: {
    meaning: 'The encrypted connection to the database cannot be made.',
    causes: [
      'The database has no TLS.',
      'Its certificate is of an authority that this machine does not know, or for another name.',
      'It takes encrypted connections only, and `ssl: off` is set.',
    ],
    cure: 'Name the authority in `ca`, or switch TLS on. `ssl: unverified` encrypts without looking, `ssl: off` does without: in a network that you trust.',
  },
  SOURCE_UNREADABLE: {
    meaning: 'A file or object is there and cannot be read.',
    causes: [
      'It is damaged, or was being written.',
      'Its name does not tell its format.',
      'This user may not read it.',
      'The storage does not answer, or replaced the object meanwhile.',
    ],
    cure: 'Export it again, whole; give the program the right to read it; set `format`, `delimiter` or `encoding`.',
  },
} as const satisfies Record<`SOURCE_${string}`, ErrorEntry>;
