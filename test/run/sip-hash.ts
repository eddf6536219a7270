const MASK = 2n ** 64n - 1n;
const rotate = (word: bigint, bits: bigint) => ((word << bits) | (word >> (64n - bits))) & MASK;

/** SipHash-2-4 under a key of zeros, after Aumasson and Bernstein (2012): what says who is held out. */
export function sipHash(text: string): bigint {
  const bytes = Buffer.from(text);
  const end = Math.floor(bytes.length / 8) * 8;
  let [a, b, c, d] = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n];
  const round = () => {
    a = (a + b) & MASK;
    b = rotate(b, 13n) ^ a;
    a = rotate(a, 32n);
    c = (c + d) & MASK;
    d = rotate(d, 16n) ^ c;
    a = (a + d) & MASK;
    d = rotate(d, 21n) ^ a;
    c = (c + b) & MASK;
    b = rotate(b, 17n) ^ c;
    c = rotate(c, 32n);
  };
  const take = (word: bigint) => {
    d ^= word;
    round();
    round();
    a ^= word;
  };
  for (let at = 0; at < end; at += 8) take(bytes.readBigUInt64LE(at));
  const last = Buffer.alloc(8);
  bytes.copy(last, 0, end);
  last[7] = bytes.length & 0xff;
  take(last.readBigUInt64LE());
  c ^= 0xffn;
  for (let times = 0; times < 4; times += 1) round();
  return a ^ b ^ c ^ d;
}
