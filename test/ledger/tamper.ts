import type { LogId } from "#kernel/ids.ts";
import { createDice } from "./dice.ts";
import type { LogFiles } from "./forge.ts";
import { isSame, isSameLog } from "./same-log.ts";
import type { SampleLog } from "./sample-logs.ts";
import { WAYS } from "./tamper-ways.ts";

/*
 * Random tampering. Goal: whatever somebody does to the files of a log, without its keys, a verifier
 * that has the public key and the anchor finds it. Method:
 *
 * 1. Take one of the sample logs and one of the ways below, both by chance from a seed.
 * 2. Bytes are changed blindly; lines are moved; or an adversary who knows the format changes a value
 *    and makes hashes, the chain, roots and signatures right again as far as keys of his own allow.
 * 3. A result whose log is byte for byte the same is passed over; every other one has to be found,
 *    except where only the cut into segments moved, which means nothing and must not be found.
 */

export interface Tampering {
  /** How to make exactly this one again. */
  readonly what: string;
  readonly log: LogId;
  readonly files: LogFiles;
  readonly anchor: Uint8Array | null;
  readonly publicKey: string;
  /** Whether a verifier has to find a fault. */
  readonly found: boolean;
}

/** `count` tamperings of the samples; the `index`-th is decided by `seed + index` alone. */
export function* tamperings(
  samples: readonly SampleLog[],
  { seed, count }: { readonly seed: number; readonly count: number },
): Generator<Tampering> {
  const whole = samples.filter(({ live }) => !live);
  for (let made = 0, index = 0; made < count; index += 1) {
    const dice = createDice(seed + index);
    const sample = dice.pick(whole);
    const way = dice.pick(WAYS);
    const result = way.change(sample, dice, whole);
    const files = result.files ?? sample.files;
    const anchor = result.anchor ?? sample.anchor;
    if (isSame(sample, files, anchor)) continue;
    const found = !isSameLog(sample.files, files) || anchor !== sample.anchor;
    const { log, publicKey } = sample;
    yield {
      what: `seed ${seed + index}: ${way.name} in ${sample.name}`,
      log,
      files,
      anchor,
      publicKey,
      found,
    };
    made += 1;
  }
}
