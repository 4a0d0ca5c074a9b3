/*
 * SHA-256 (FIPS 180-4) in plain arithmetic. The thread that parses digests a file and its rules, some
 * kilobytes, and to load Node's `crypto` for that takes it longer than to parse them. Whoever reads the
 * thread's answer works them out anew, with Node's.
 */

const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes. */
const rootFractions = (count: number, root: (prime: number) => number): Uint32Array => {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number += 1) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
};

const INITIAL = rootFractions(8, Math.sqrt);
const ROUNDS = rootFractions(64, Math.cbrt);

/** The 32 bytes of the digest. */
export const sha256Bytes = (bytes: Uint8Array): Uint8Array => {
  const state = INITIAL.slice();
  const words = new Uint32Array(BLOCK_BYTES);
  const padded = padding(bytes);
  const view = new DataView(padded.buffer);
  for (let start = 0; start < padded.length; start += BLOCK_BYTES) compress(state, words, view, start);
  const digest = new DataView(new ArrayBuffer(state.byteLength));
  for (const [index, word] of state.entries()) digest.setUint32(index * 4, word);
  return new Uint8Array(digest.buffer);
};

/** The message, a one bit, zeros, and the length in bits as the last eight bytes of a block. */
const padding = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const blocks = Math.ceil((bytes.length + 9) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  return padded;
};

const compress = (state: Uint32Array, words: Uint32Array, view: DataView, start: number): void => {
  for (let index = 0; index < 16; index += 1) words[index] = view.getUint32(start + index * 4);
  for (let index = 16; index < 64; index += 1) {
    const [near, far] = [words[index - 2] ?? 0, words[index - 15] ?? 0];
    const small0 = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
    const small1 = turned(near, 17) ^ turned(near, 19) ^ (near >>> 10);
    words[index] = (words[index - 16] ?? 0) + small0 + (words[index - 7] ?? 0) + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let index = 0; index < 64; index += 1) {
    const big1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + big1 + choice + (ROUNDS[index] ?? 0) + (words[index] ?? 0)) | 0;
    const big0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    // One after the other, because a list made 64 times a block is slow.
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + big0 + majority) | 0;
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) {
    state[index] = (state[index] ?? 0) + word;
  }
};

const turned = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
