import type { ErrorEntry } from './entry.ts';

/** What can be wrong with a destination, and with one audience there. */
export const DESTINATION_ERRORS = {
  AUDIENCE_GONE: {
    meaning: 'The audience does not exist at the platform any more.',
    causes: ['Somebody deleted it there.', 'The key may not see it any more.'],
    cure: 'Run again: it is made anew and filled.',
  },
  AUDIENCE_NAME_TAKEN: {
    meaning: 'What has this name at the platform is the audience that the job keeps for another segment.',
    causes: ['Somebody renamed it there.'],
    cure: 'Rename it back there, or give the audience another name in the job file.',
  },
  DESTINATION_ACCOUNT_INACTIVE: {
    meaning: 'The ad account is disabled or closed.',
    causes: ['A bill is unpaid.', 'Meta closed it for its rules.'],
    cure: 'Open Account Quality and Billing in Business Manager: a person has to resolve it.',
  },
  DESTINATION_ANSWER: {
    meaning: 'The platform answered with something that is not its own form.',
    causes: ['`base_url` leads elsewhere.', 'A proxy answers in its place.', 'The platform changed its API.'],
    cure: 'Nothing at first: the next run sends what is missing. If it stays, look at `base_url` and proxies.',
  },
  DESTINATION_AUDIENCE_NOT_CREATED: {
    meaning: 'Meta did not create the audience.',
    causes: ['The ad account is full: 500 customer-list audiences and 500 lookalikes.'],
    cure: 'Delete unused ones in Audience Manager; the next run tries again.',
  },
  DESTINATION_AUDIENCE_REPLACING: {
    meaning: 'The audience is being written whole just now, and takes no other change.',
    causes: ['A run with `replace: when_cheaper` was cut short.', 'Another program replaces it.'],
    cure: 'Nothing to do: the next run continues.',
  },
  DESTINATION_AUDIENCE_TOO_SMALL: {
    meaning: 'The audience would become too small by the removal, so Meta refuses it.',
    causes: ['Nearly everybody leaves a small audience.'],
    cure: 'Nothing to do: it is tried again at the next run. To have it now, delete the audience in Audience Manager.',
  },
  DESTINATION_DOWN: {
    meaning: 'The platform did not answer, or said that it cannot just now.',
    causes: ['The platform has trouble.', 'The network, a proxy or a firewall of this machine.'],
    cure: 'Nothing at first: what was acknowledged is recorded, and the next run sends the rest. If it lasts, look at the status page of the platform and at the network.',
  },
  DESTINATION_FLAGGED: {
    meaning: 'Meta flagged the audience for its integrity rules and takes no changes to it.',
    causes: ['Its name hints at health, money, origin or the like.'],
    cure: 'Open it in Audience Manager: give it a neutral name and description, or appeal. Then give the segment a neutral label.',
  },
  DESTINATION_KEY_REFUSED: {
    meaning: 'The platform does not accept the key or token.',
    causes: ['It is mistyped, was revoked or ran out.', 'The user or app it belongs to was removed.'],
    cure: 'Make a new one as the guide of the connector says, put it where the setting reads it from, and run `segment-sync check`.',
  },
  DESTINATION_LOOKALIKE_DUPLICATE: {
    meaning: 'A lookalike of this seed, country and size exists already.',
    causes: ['Somebody made it by hand, or an answer was lost.'],
    cure: 'Nothing to do: it is found and used.',
  },
  DESTINATION_PERMISSION: {
    meaning: 'The key is good but may not do what is needed.',
    causes: [
      'Mailchimp: its user is no manager.',
      'Klaviyo: it lacks a scope.',
      'Facebook: the system user has no "Manage campaigns" on the ad account, the token lacks ads_management, or the app has development access only.',
    ],
    cure: 'Give it what the guide of the connector lists; `segment-sync check` names what is missing. Klaviyo needs a new key for new scopes.',
  },
  DESTINATION_REJECTED: {
    meaning: 'The platform understood the request and refused it.',
    causes: [
      'A name is taken by something of another kind, such as a segment by rules at Mailchimp.',
      'A setting is not possible there, such as a country without lookalikes.',
      'The platform does not serve this version of its API any more.',
    ],
    cure: 'Its own words and code stand in the error. Correct what they name, else report them.',
  },
  DESTINATION_TERMS: {
    meaning: 'The terms for custom audiences are not accepted for the ad account.',
    causes: ['Nobody opened them yet; value-based audiences have terms of their own.'],
    cure: 'Open the link in the error as somebody who may, and accept them once. No program can.',
  },
  DESTINATION_THROTTLED: {
    meaning: 'The platform takes no more requests for longer than a run waits (two minutes).',
    causes: [
      'Other programs use the same account.',
      'Klaviyo: 150 new lists a day.',
      'Facebook: the app has the lowest access tier.',
    ],
    cure: 'Nothing to do: the next run sends the rest. If it is frequent at Facebook, ask Meta for Advanced Access.',
  },
  DESTINATION_UNWRITABLE: {
    meaning: 'A folder or file of a CSV destination cannot be written.',
    causes: [
      'This user may not write there.',
      'The disk is full, or the folder is read-only (in a container: not mounted).',
    ],
    cure: 'Give the program the right to write there, make room, or set another `path`.',
  },
} as const satisfies Record<`DESTINATION_${string}` | `AUDIENCE_${string}`, ErrorEntry>;
