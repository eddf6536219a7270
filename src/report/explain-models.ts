import {
  inUnit,
  nearestFirst,
  threshold,
  type Figure,
  type Threshold,
  type Unit,
} from './explain-threshold.ts';

/** What a run knows of one customer, by the names of `facts`; decimals are strings. */
export type CustomerFacts = Record<string, unknown>;

/** Why a model put a customer where they are: in words, and how far they are from being elsewhere, nearest first. */
export type Reason = { rule: string; thresholds: Threshold[] };

type Limits = Record<string, unknown>;
type Settings = {
  currency: string;
  /** Days that the value axis of value_engagement looks back. */
  window: number;
};
type Explain = (facts: CustomerFacts, limits: Limits, settings: Settings) => Reason;

/**
 * Says why one of the built-in models put a customer into their segment.
 * @param limits where the run cut the model, as its report says
 * @returns undefined for a model that has no such explanation, and where the run left no limits
 */
export function reasonOf(
  model: string,
  facts: CustomerFacts,
  limits: Limits | undefined,
  settings: Settings,
): Reason | undefined {
  const explain = MODELS[model];
  if (!explain || !limits) return undefined;
  const { rule, thresholds } = explain(facts, limits, settings);
  return { rule, thresholds: nearestFirst(thresholds) };
}

const MODELS: Record<string, Explain> = {
  lifecycle: (facts, limits, settings) =>
    'at_risk_after' in limits
      ? lifecycleByRecency(facts, limits, settings)
      : lifecycle(facts, limits, settings),
  value_engagement: valueEngagement,
  engagement,
  value_tier: valueTier,
};

/** Less than any amount of money: the limit of top where all of the rest are. */
const NO_LIMIT = -99_999_999_999_999;

function lifecycle(facts: CustomerFacts, limits: Limits, { currency }: Settings): Reason {
  const alive = figureOf('P(alive)', facts.p_alive, 'share', currency);
  const clv = figureOf('CLV', facts.clv_12m, 'money', currency);
  const lost = numberOf(limits.lost_below);
  const risk = Math.max(numberOf(limits.at_risk_below), lost);
  const p = Number(alive.value);
  if (p < lost)
    return { rule: `${named(alive)} is below ${lost}`, thresholds: [threshold(alive, lost, 'at_risk')] };
  if (p < risk) {
    const rule = `${named(alive)} is below ${risk}, and not below ${lost}`;
    return { rule, thresholds: [threshold(alive, lost, 'lost'), threshold(alive, risk, 'active')] };
  }
  const best = besides(clv, limits, 'top_above');
  const rule = `${named(alive)} is not below ${risk}, and ${best.rule}`;
  return { rule, thresholds: [threshold(alive, risk, 'at_risk'), ...best.thresholds] };
}

function lifecycleByRecency(facts: CustomerFacts, limits: Limits, { currency }: Settings): Reason {
  const age = figureOf('latest order', facts.days_since_order, 'days', currency);
  const risk = numberOf(limits.at_risk_after);
  const lost = numberOf(limits.lost_after);
  const days = Number(age.value);
  const ago = `latest order ${inUnit(age)} ago`;
  if (days > lost)
    return { rule: `${ago}, more than ${lost}`, thresholds: [threshold(age, lost, 'at_risk')] };
  if (days > risk) {
    const rule = `${ago}, more than ${risk} and not more than ${lost}`;
    return { rule, thresholds: [threshold(age, risk, 'active'), threshold(age, lost, 'lost')] };
  }
  const year = figureOf('revenue of 12 months', facts.revenue_12m, 'money', currency);
  const ever = figureOf('revenue in all', facts.revenue, 'money', currency);
  const tied = Number(year.value) === Number(limits.top_above) && 'top_above_ever' in limits;
  const best = tied ? besides(ever, limits, 'top_above_ever') : besides(year, limits, 'top_above');
  const tie = tied ? `${named(year)} is the limit itself, and ` : '';
  const rule = `${ago}, not more than ${risk}, and ${tie}${best.rule}`;
  return { rule, thresholds: [threshold(age, risk, 'at_risk'), ...best.thresholds] };
}

/** Whether a customer who is not about to be lost is among the best. */
function besides(figure: Figure, limits: Limits, key: string): Reason {
  const limit = String(limits[key]);
  const share = `the best ${Math.round(numberOf(limits.top_share) * 1000) / 10} %`;
  if (Number(limit) === NO_LIMIT) return { rule: `all of the rest are within ${share}`, thresholds: [] };
  const above = Number(figure.value) > Number(limit);
  const bound = inUnit({ ...figure, value: limit });
  return {
    rule: `${named(figure)} is ${above ? '' : 'not '}above ${bound}, where ${share} of the rest begin`,
    thresholds: [threshold(figure, limit, above ? 'active' : 'top')],
  };
}

function valueEngagement(facts: CustomerFacts, limits: Limits, { currency, window }: Settings): Reason {
  const worth = figureOf(`revenue of ${window} days`, facts.revenue_window, 'money', currency);
  const age = figureOf('latest order or visit', facts.days_since_active, 'days', currency);
  const value = levelOf(worth, limits.value as Cuts, 'value');
  const { low: recent, high: long } = limits.engagement as Cuts;
  const days = Number(age.value);
  const seen = `latest order or visit ${inUnit(age)} ago is`;
  const engagement = {
    high: {
      rule: `${seen} high engagement (less than ${recent})`,
      thresholds: [threshold(age, recent, 'medium engagement')],
    },
    low: {
      rule: `${seen} low engagement (more than ${long})`,
      thresholds: [threshold(age, long, 'medium engagement')],
    },
    medium: {
      rule: `${seen} medium engagement (${recent} to ${long})`,
      thresholds: [threshold(age, recent, 'high engagement'), threshold(age, long, 'low engagement')],
    },
  }[days < Number(recent) ? 'high' : days > Number(long) ? 'low' : 'medium'];
  return {
    rule: `${value.rule}; ${engagement.rule}`,
    thresholds: [...value.thresholds, ...engagement.thresholds],
  };
}

function engagement(facts: CustomerFacts, limits: Limits, { currency }: Settings): Reason {
  const score = figureOf('engagement score', facts.engagement_score, 'score', currency);
  return levelOf(score, limits as Cuts, 'engagement', false);
}

function valueTier(facts: CustomerFacts, limits: Limits, { currency }: Settings): Reason {
  const worth = figureOf('past and predicted revenue less costs', facts.worth, 'money', currency);
  return levelOf(worth, limits as Cuts, 'value');
}

type Cuts = { low: string; high: string };

/** @param earned whether a figure of nothing or less is low wherever the axis is cut */
function levelOf(figure: Figure, { low, high }: Cuts, axis: string, earned = true): Reason {
  const number = Number(figure.value);
  const bound = (limit: string) => inUnit({ ...figure, value: limit });
  if ((earned && number <= 0) || number < Number(low)) {
    const why = number < Number(low) ? `below ${bound(low)}` : 'nothing or less';
    return {
      rule: `${named(figure)} is low ${axis} (${why})`,
      thresholds: [threshold(figure, low, `medium ${axis}`)],
    };
  }
  if (number > Number(high)) {
    const rule = `${named(figure)} is high ${axis} (above ${bound(high)})`;
    return { rule, thresholds: [threshold(figure, high, `medium ${axis}`)] };
  }
  return {
    rule: `${named(figure)} is medium ${axis} (${bound(low)} to ${bound(high)})`,
    thresholds: [threshold(figure, low, `low ${axis}`), threshold(figure, high, `high ${axis}`)],
  };
}

function figureOf(figure: string, value: unknown, unit: Unit, currency: string): Figure {
  return { figure, value: value as number | string, unit, currency };
}

function named(figure: Figure): string {
  return `${figure.figure} ${inUnit(figure)}`;
}

function numberOf(limit: unknown): number {
  return Number(limit);
}
