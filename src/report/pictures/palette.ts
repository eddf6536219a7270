/** Colours of the pictures, as the style sheet of a page switches them. */
type Colour = 'ink' | 'quiet' | 'line' | 'card' | 'accent' | `seg-${1 | 2 | 3 | 4 | 5 | 6 | 7}`;

/**
 * On light and on dark paper. Text (`ink`, `quiet`) stands out from `card` by at least 4.5 : 1 and the rest by 3 : 1.
 * Segments get lighter from 1 to 7 on light paper, so that they are told apart without seeing colour.
 */
export const PALETTE: Record<'light' | 'dark', Record<Colour, string>> = {
  light: {
    ink: '#1f2328',
    quiet: '#59636e',
    line: '#dfe3e8',
    card: '#ffffff',
    accent: '#1f4e79',
    'seg-1': '#003353',
    'seg-2': '#960035',
    'seg-3': '#01694c',
    'seg-4': '#7f58ad',
    'seg-5': '#b5660d',
    'seg-6': '#5d8caa',
    'seg-7': '#8d949a',
  },
  dark: {
    ink: '#e6edf3',
    quiet: '#9aa4af',
    line: '#30363d',
    card: '#161b22',
    accent: '#79b8ff',
    'seg-1': '#d0e4ff',
    'seg-2': '#f97387',
    'seg-3': '#7ae5bc',
    'seg-4': '#c49eed',
    'seg-5': '#ffb06a',
    'seg-6': '#6391af',
    'seg-7': '#71787d',
  },
};

/** The variables of one palette as CSS declarations. */
export function paletteCss(of: 'light' | 'dark'): string {
  return Object.entries(PALETTE[of])
    .map(([name, value]) => `--${name}: ${value};`)
    .join(' ');
}

/** @returns a colour that a page's style sheet may set, and that is the one on light paper where there is none */
export function colour(name: Colour): string {
  return `var(--${name}, ${PALETTE.light[name]})`;
}

/** From 1, the best or most urgent, to 7. */
const SHADES: Record<string, number> = {
  'lifecycle.top': 1,
  'lifecycle.active': 3,
  'lifecycle.at_risk': 2,
  'lifecycle.lost': 6,
  'value_engagement.true_champions': 1,
  'value_engagement.spenders_at_risk': 2,
  'value_engagement.excited_shoppers': 3,
  'value_engagement.faithful_supporters': 4,
  'value_engagement.curious_entrants': 5,
  'value_engagement.average_buyers': 6,
  'value_engagement.silent_quitters': 7,
  'engagement.high': 1,
  'engagement.medium': 3,
  'engagement.low': 6,
  'value_tier.high': 1,
  'value_tier.medium': 3,
  'value_tier.low': 6,
};

/**
 * @param segment full name
 * @param place its place among others of its model, for segments of the job's own
 */
export function segmentColour(segment: string, place = 0): string {
  return colour(`seg-${SHADES[segment] ?? (place % 7) + 1}` as Colour);
}
