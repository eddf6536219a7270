/** What a user may want to know of an error's code, beside what the error itself says of the case at hand. */
export type ErrorEntry = {
  /** What the code says, one sentence. */
  meaning: string;
  /** What leads to it, the most frequent first. */
  causes: readonly string[];
  /** What to do. */
  cure: string;
};
