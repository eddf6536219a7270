import { z } from 'zod';
import { MODELS, type ModelName } from './segments.ts';

/** What to do about a segment. */
export type Play = {
  /**
   * 1 is first. It compares the segments of all models: of several segments of one customer, the smallest number says
   * what to do. Null comes after every number: an own segment that the job file gives none.
   */
  priority: number | null;
  /** Who these customers are. */
  meaning: string;
  /** The next three: what to do by e-mail, in advertising, and person to person. Empty where nothing is suggested. */
  email: string;
  ads: string;
  outreach: string;
};

const told = (what: string) => z.string().trim().min(1).max(500).optional().describe(what);

/** What a job file may say of one segment; for a built-in one, what it leaves out stays as in PLAYBOOK. */
export const PlaySettings = z.strictObject({
  priority: z
    .number()
    .positive()
    .optional()
    .describe('1 is first; of several segments of one customer, the smallest number says what to do.'),
  meaning: told('Who these customers are.'),
  email: told('What to do by e-mail.'),
  ads: told('What to do in advertising.'),
  outreach: told('What to do person to person.'),
});

type OwnPlay = z.output<typeof PlaySettings>;

/** What the program suggests for each built-in segment unless the job file says otherwise. */
export const PLAYBOOK: { [M in ModelName]: Record<keyof (typeof MODELS)[M], Play & { priority: number }> } = {
  lifecycle: {
    top: {
      priority: 1,
      meaning: 'They still buy, and will probably spend most in the next 12 months.',
      email: 'Let them in first: new goods, restocks, events. No discounts; they buy without.',
      ads: 'Take them as the seed of lookalikes; leave them out of campaigns with a discount.',
      outreach: 'A message from a person with a name, twice a year: thank them, ask what is missing.',
    },
    active: {
      priority: 4,
      meaning: 'They buy at their own usual pace.',
      email: 'The usual newsletter, and what goes with their last order when the next one is due.',
      ads: 'New goods from the categories they buy, a few times a month at most.',
      outreach: 'None of its own; answer fast when they write.',
    },
    at_risk: {
      priority: 2,
      meaning: 'Silent for longer than is usual for them; many can still be won back.',
      email: 'Write this week: first a reminder of what they liked, then an offer that ends soon.',
      ads: 'Show them what they bought or looked at, as long as that offer runs.',
      outreach: 'Call those with the highest CLV and ask whether something went wrong.',
    },
    lost: {
      priority: 6,
      meaning: 'Silent for so long that they have most probably gone.',
      email: 'One last message with your best offer; if they stay silent, write a few times a year at most.',
      ads: 'Leave them out; they cost more than they bring.',
      outreach: 'None, but for the few who once spent most.',
    },
  },
  value_engagement: {
    true_champions: {
      priority: 1,
      meaning: 'They spend much and came by lately: the core of the shop.',
      email: 'First look at new goods, and thanks. Ask for reviews and for friends they would bring.',
      ads: 'The best seed of lookalikes; leave them out of discounts.',
      outreach: 'A handwritten card or a call once a year, and a contact of their own for questions.',
    },
    faithful_supporters: {
      priority: 4,
      meaning: 'They spend much and come by now and then.',
      email: 'Tell them when something new fits what they buy; offer points or a gift for coming more often.',
      ads: 'Show bestsellers of their categories between two orders.',
      outreach: 'Ask a few of them each month what would bring them back sooner.',
    },
    spenders_at_risk: {
      priority: 2,
      meaning: 'They spent much this year and have not been seen for long: the most money to lose.',
      email: 'Write at once, in the name of a person: what is new since their last order, and a good offer.',
      ads: 'Bid high to be seen again: their categories, their last basket, the same offer.',
      outreach: 'Call them. Ask what went wrong before you offer anything.',
    },
    excited_shoppers: {
      priority: 3,
      meaning: 'They spend a fair amount and came by lately: the next champions.',
      email:
        'Suggest what goes with the last order; free delivery above a basket a little larger than theirs.',
      ads: 'Sets, accessories and the better version of what they bought.',
      outreach: 'Invite them to the loyalty programme after their next order.',
    },
    curious_entrants: {
      priority: 5,
      meaning: 'They came by lately and have spent little so far, or nothing this year.',
      email:
        'A short series: how the shop works, what others love, help with the choice, one offer to begin.',
      ads: 'Show what they looked at, with reviews by others.',
      outreach: 'Offer advice by chat while they look around.',
    },
    average_buyers: {
      priority: 6,
      meaning: 'They stand out neither by what they spend nor by how lately they came.',
      email: 'The usual newsletter; see by their clicks what draws them, and send more of that.',
      ads: 'Seasonal campaigns only.',
      outreach: 'None of its own.',
    },
    silent_quitters: {
      priority: 7,
      meaning: 'They spent little and have not been seen for long.',
      email: 'One cheap attempt with the bestsellers; then write seldom, for the good of your sender name.',
      ads: 'Leave them out.',
      outreach: 'None; the effort pays elsewhere.',
    },
  },
  engagement: {
    high: {
      priority: 3,
      meaning: 'They take part: they buy, visit, read or recommend more than the others.',
      email: 'Write as often as you have news. Ask for reviews, pictures and referrals.',
      ads: 'Little is needed, they come by themselves; use them as a seed of lookalikes.',
      outreach: 'Ask them to test new goods, or to speak for the shop.',
    },
    medium: {
      priority: 6,
      meaning: 'They follow along without doing much.',
      email: 'Fewer messages with one clear thing to do: a question, a vote, a preview.',
      ads: 'Remind them between two messages of what they looked at.',
      outreach: 'None of its own.',
    },
    low: {
      priority: 5,
      meaning: 'They hardly react any more.',
      email: 'Write seldom. Ask once whether they still want news, and stop for those who stay silent.',
      ads: 'Use ads instead of e-mail if they are still worth something; else leave them out.',
      outreach: 'Only to those of high value: another channel may reach them.',
    },
  },
  value_tier: {
    high: {
      priority: 2,
      meaning: 'They bring the most, what they cost taken off.',
      email: 'Service before sales: delivery news, care, early access. No general discounts.',
      ads: 'Seed of lookalikes, and the bids may be highest here.',
      outreach: 'Solve every complaint the same day, by a person who may decide.',
    },
    medium: {
      priority: 5,
      meaning: 'They bring a fair amount.',
      email: 'Larger baskets: sets, refills, free delivery above a sum just out of reach.',
      ads: 'Their own categories, with bids in the middle.',
      outreach: 'After a second order within a short time, a word of thanks.',
    },
    low: {
      priority: 7,
      meaning: 'They bring little, or cost more than they bring.',
      email: 'Only what sends itself: newsletter and reminders; no free delivery.',
      ads: 'Keep bids low, or leave them out.',
      outreach: 'None; look for what makes serving them dear, such as returns.',
    },
  },
};

/** The models of a job as far as they say what to do; entries of `custom` are segments of their own. */
export type PlaybookModels = {
  [M in ModelName]?: { playbook?: Partial<Record<keyof (typeof MODELS)[M], OwnPlay>> };
} & { custom?: readonly { name: string; playbook?: OwnPlay }[] };

/**
 * What to do about each segment of a job, by its name, in the order they are shown. An entry of `custom` stands once,
 * as `custom.<name>`, for all the segments that it makes.
 */
export function playbookOf(models: PlaybookModels): Map<string, Play> {
  const built = (Object.keys(MODELS) as ModelName[]).flatMap((model) => {
    const configured = models[model];
    if (!configured) return [];
    const own: Record<string, OwnPlay | undefined> = configured.playbook ?? {};
    return Object.entries(PLAYBOOK[model]).map(
      ([segment, play]: [string, Play]) => [`${model}.${segment}`, { ...play, ...own[segment] }] as const,
    );
  });
  const customs = (models.custom ?? []).map(
    ({ name, playbook }) => [`custom.${name}`, { ...NOTHING, ...playbook }] as const,
  );
  return new Map([...built, ...customs]);
}

const NOTHING: Play = { priority: null, meaning: '', email: '', ads: '', outreach: '' };

/** The key of a segment in `playbookOf`: `custom.shoes.boots` is one of those that `custom.shoes` makes. */
export function playKey(segment: string): string {
  return segment.split('.', 2).join('.');
}
