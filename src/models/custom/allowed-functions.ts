/**
 * The functions that the SQL of a segment may call: those that compute a value from their arguments and nothing else.
 * What reads files, tables, dictionaries, settings or the network, waits, or answers otherwise each time (the clock,
 * chance) is not among them; nor is a function that some later engine may add.
 */
const WORDS = `
  and or xor not if multiIf ifNull nullIf coalesce assumeNotNull isNull isNotNull isZeroOrNull toNullable
  isDistinctFrom isNotDistinctFrom caseWithExpression caseWithExpr transform least greatest clamp
  equals notEquals less greater lessOrEquals greaterOrEquals between
  in notIn nullIn notNullIn globalIn globalNotIn exists
  like notLike ilike notILike match multiMatchAny multiSearchAny multiSearchAnyCaseInsensitive
  plus minus multiply divide intDiv intDivOrZero modulo positiveModulo negate abs sign
  round roundBankers floor ceil ceiling trunc truncate sqrt cbrt exp exp2 exp10 log ln log2 log10 pow power
  isFinite isInfinite isNaN ifNotFinite
  CAST _CAST accurateCast accurateCastOrNull
  tuple tupleElement untuple array map tupleConcat
  length lengthUTF8 char_length character_length empty notEmpty reverse reverseUTF8 concat concatWithSeparator
  lower upper lowerUTF8 upperUTF8 initcap initcapUTF8 lcase ucase left right leftUTF8 rightUTF8
  leftPad rightPad leftPadUTF8 rightPadUTF8 repeat space trim trimLeft trimRight trimBoth ltrim rtrim
  substring substr mid substringUTF8 substringIndex position positionUTF8 positionCaseInsensitive
  positionCaseInsensitiveUTF8 locate startsWith startsWithUTF8 endsWith endsWithUTF8
  replace replaceOne replaceAll replaceRegexpOne replaceRegexpAll translate translateUTF8 format
  extract extractAll extractGroups extractAllGroups splitByChar splitByString splitByRegexp splitByWhitespace
  splitByNonAlpha alphaTokens hasToken hasTokenCaseInsensitive countSubstrings countMatches
  ngramDistance levenshteinDistance damerauLevenshteinDistance jaroWinklerSimilarity
  domain domainWithoutWWW topLevelDomain
  has hasAll hasAny hasSubstr indexOf countEqual range emptyArrayString emptyArrayToSingle
  year quarter month day dayOfMonth dayOfWeek dayOfYear hour minute second week yearweek
  dateDiff age date_diff timestampDiff dateTrunc date_trunc dateAdd dateSub date_add date_sub makeDate makeDate32
  formatDateTime dateName monthName lastDayOfMonth toLastDayOfMonth
  cityHash64 sipHash64 xxHash64 farmHash64 intHash32 intHash64 MD5 SHA256 hex unhex bin
  bitAnd bitOr bitXor bitNot bitShiftLeft bitShiftRight bitCount
  count sum sumKahan min max avg any anyLast argMin argMax uniq uniqExact uniqCombined uniqHLL12
  groupArray groupUniqArray groupArraySorted topK stddevPop stddevSamp varPop varSamp corr
  covarPop covarSamp skewPop skewSamp kurtPop kurtSamp median quantile quantiles
  first_value last_value avgWeighted sumMap minMap maxMap countDistinct
`;

/** Families in which every function is of that kind: conversions, arrays, maps, parts of JSON, dates. */
const FAMILIES =
  /^(to(Bool|U?Int|Float|Decimal|Date|String|FixedString|LowCardinality|Interval|Year|Quarter|Month|Week|Day|Hour|Minute|Second|StartOf|Monday|Relative|ISO|YYYY|UnixTimestamp|Unix|TimeZone)\w*|(add|subtract)(Years|Quarters|Months|Weeks|Days|Hours|Minutes|Seconds)|array(?!Random|Shuffle|PartialShuffle)[A-Z]\w*|map(Keys|Values|Contains\w*|Filter|Apply|Exists|All|Add|Subtract|Update|FromArrays)|JSON(Extract\w*|Has|Length|Type)|simpleJSON\w*|parseDateTime\w*|quantiles?[A-Z]\w*|median[A-Z]\w*|tuple(Plus|Minus|Multiply|Divide))$/;

/** What changes how an aggregate function gathers. */
const COMBINATORS = /(If|OrNull|OrDefault|Distinct|Array)$/;

const KNOWN = new Set(WORDS.toLowerCase().split(/\s+/).filter(Boolean));

export function isAllowedFunction(name: string): boolean {
  if (KNOWN.has(name.toLowerCase()) || FAMILIES.test(name)) return true;
  return COMBINATORS.test(name) && isAllowedFunction(name.replace(COMBINATORS, ''));
}
