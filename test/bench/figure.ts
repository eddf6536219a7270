/** One line of the bench: what was done, what it took, what it is measured against, and the one over the other. */
export type Figure = { work: string; measured: string; against: string; ratio: number };
