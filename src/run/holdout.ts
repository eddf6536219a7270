const HASHES = '18446744073709551616';

/**
 * SQL: whether a `customer` is in the holdout of a `segment` of the job bound as `job`. SipHash-2-4 of the three,
 * parted by line ends, is spread evenly over 64 bits, and those whose hash lies in the lowest `share` of them are held
 * out. So it is always the same customers, whatever else changes, and a larger share keeps out the former ones and
 * some more. A customer's name changes where records join them with another (a guest opens an account); their lot is
 * then drawn anew.
 * @param share SQL, from 0 to 1
 */
export function heldOut(share: string): string {
  return `${share} > 0 AND sipHash64(concat({job:String}, '\\n', segment, '\\n', customer)) / ${HASHES} < ${share}`;
}
