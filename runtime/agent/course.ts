import type { Sha256 } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { JournalEntry, JournalFault } from "./journal.ts";
import { inputOf } from "./journal.ts";
import type { Program } from "./program.ts";
import type { Command, RunState, Step } from "./state.ts";
import { stateDigest } from "./state-digest.ts";
import { begin, transition } from "./transition.ts";

/**
 * Where a run stands. Its state changes by the entries that feed, and by nothing else; the driver
 * and a replay lead it in the same way, so they cannot come to different states.
 */
export class Course {
  readonly #crypto: Crypto;
  readonly #program: Program;
  readonly #key: Uint8Array;
  #state: RunState | null;
  #lastDigest: Sha256;

  /**
   * @param key the run's own, for digests of private text.
   * @param state null before the first input.
   */
  constructor(crypto: Crypto, program: Program, key: Uint8Array, state: RunState | null) {
    this.#crypto = crypto;
    this.#program = program;
    this.#key = key;
    this.#state = state;
    this.#lastDigest = this.digest();
  }

  /** Null before the first input. */
  get state(): RunState | null {
    return this.#state;
  }

  isEnded(): boolean {
    return this.#state?.phase === "ended";
  }

  /** Takes the run through its next input; what is to be done then. */
  take(entry: JournalEntry): Result<readonly Command[], JournalFault> {
    const input = inputOf(entry);
    if (!input.ok) return input;
    let step: Step;
    if (this.#state === null) {
      invariant(input.value.k === "started", "a run begins with its start");
      step = begin(this.#program, input.value);
    } else {
      step = transition(this.#program, this.#state, input.value);
    }
    this.#state = step.state;
    return ok(step.commands);
  }

  /** Of the state, as entries name it. */
  digest(): Sha256 {
    this.#lastDigest = stateDigest(this.#crypto, this.#key, this.#state);
    return this.#lastDigest;
  }

  /** Of a state that was seen to be sound; what a run that broke down says it had come to. */
  get lastDigest(): Sha256 {
    return this.#lastDigest;
  }
}
