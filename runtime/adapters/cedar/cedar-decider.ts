import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { throwIfAborted } from "#kernel/abort.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type {
  CedarPolicies,
  CedarRequest,
  Decider,
  DeciderFault,
  PolicyCheck,
  PolicySet,
  PolicySetProblem,
  SetAnswer,
} from "#ports/decider.ts";
import { policiesBeyondBounds, requestBeyondBounds } from "./bounds.ts";
import type { CedarThreadOptions } from "./cedar-thread.ts";
import { CedarThread } from "./cedar-thread.ts";
import type { Answer } from "./messages.ts";

export interface CedarDeciderOptions {
  /** The worker: `worker.ts` beside this file, or its bundle. */
  readonly entry: URL;
  /** Cedar's `cedar_wasm_bg.wasm`. */
  readonly wasm: URL;
  readonly limits?: Partial<CedarDeciderLimits>;
}

export interface CedarDeciderLimits {
  /** Longest batch of decisions. Far above what one takes: it is for an engine that hangs, not for a busy machine. */
  readonly decideTimeoutMs: number;
  /** Longest check, load or start of a worker. */
  readonly loadTimeoutMs: number;
  /** JavaScript heap of the worker. */
  readonly heapMegabytesMax: number;
  /** A worker that has parsed more policies than this is replaced, because Cedar keeps their memory. */
  readonly policiesParsedMax: number;
  /** Threads with a Cedar of their own, at least one. All but the first start only when they are needed. */
  readonly threadsMax: number;
  /** Decisions that are open at one thread before the next is asked for help. */
  readonly openPerThread: number;
}

export const CEDAR_DECIDER_LIMITS: CedarDeciderLimits = {
  decideTimeoutMs: 10_000,
  loadTimeoutMs: 30_000,
  heapMegabytesMax: 256,
  policiesParsedMax: 50_000,
  threadsMax: Math.min(availableParallelism(), 4),
  openPerThread: 8,
};

/** Cedar in threads of its own: one, and more while many decisions are open. Each is replaced when it is lost or hangs. */
export const createCedarDecider = async (
  options: CedarDeciderOptions,
): Promise<Result<Decider, DeciderFault>> => {
  const limits = { ...CEDAR_DECIDER_LIMITS, ...options.limits };
  let wasm: WebAssembly.Module;
  try {
    wasm = await compiledOnce(options.wasm);
  } catch {
    return failed(
      fault("DECIDER_LOST", "the policy engine cannot be read", {
        help: "install it again: a file is missing or damaged",
      }),
    );
  }
  const thread: CedarThreadOptions = {
    entry: options.entry,
    wasm,
    heapMegabytesMax: limits.heapMegabytesMax,
    startTimeoutMs: limits.loadTimeoutMs,
    loadTimeoutMs: limits.loadTimeoutMs,
    policiesParsedMax: limits.policiesParsedMax,
  };
  return ok(new CedarDecider(thread, limits));
};

class CedarDecider implements Decider {
  private readonly limits: CedarDeciderLimits;
  private readonly loaded = new Map<string, PolicySet>();
  /** The first is asked for everything; the others help with decisions when many are open. */
  private readonly first: CedarThread;
  private readonly helpers: readonly CedarThread[];

  constructor(options: CedarThreadOptions, limits: CedarDeciderLimits) {
    this.limits = limits;
    this.first = new CedarThread(options, this.loaded);
    this.helpers = Array.from({ length: limits.threadsMax - 1 }, () => new CedarThread(options, this.loaded));
  }

  async check(
    policies: CedarPolicies,
    schema: string,
    signal: AbortSignal,
  ): Promise<Result<PolicyCheck, DeciderFault>> {
    const beyond = policiesBeyondBounds(policies);
    if (beyond !== null) return failed(refusal(beyond));
    const answer = understood(
      await this.first.ask({ k: "check", policies, schema }, this.limits.loadTimeoutMs, signal),
    );
    if (!answer.ok) return answer;
    return answer.value.k === "checked" ? ok(answer.value.check) : failed(unexpected());
  }

  async load(
    sets: readonly PolicySet[],
    signal: AbortSignal,
  ): Promise<Result<readonly PolicySetProblem[], DeciderFault>> {
    for (const { policies } of sets) {
      const beyond = policiesBeyondBounds(policies);
      if (beyond !== null) return failed(refusal(beyond));
    }
    // What is named by its content and already there need not be parsed again.
    const missing = sets.filter(
      ({ name, policies }) => !sameTexts(this.loaded.get(name)?.policies, policies),
    );
    if (missing.length === 0) {
      throwIfAborted(signal);
      return ok([]);
    }
    // Noted at once: a worker that starts in the next moment has to know these sets too.
    const noted = (): void => {
      for (const set of missing) this.loaded.set(set.name, set);
    };
    const answer = understood(await this.first.load(missing, signal, noted));
    if (!answer.ok) return answer;
    return answer.value.k === "loaded" ? ok(answer.value.problems) : failed(unexpected());
  }

  unload(names: readonly string[]): void {
    for (const name of names) this.loaded.delete(name);
  }

  async decide(
    request: CedarRequest,
    sets: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<readonly SetAnswer[], DeciderFault>> {
    const beyond = requestBeyondBounds(request);
    if (beyond !== null) return failed(refusal(beyond));
    if (!sets.every((name) => this.loaded.has(name))) return failed(refusal("a set that is not loaded"));
    const answer = understood(
      await this.leastBusyFor(sets).ask({ k: "decide", request, sets }, this.limits.decideTimeoutMs, signal),
    );
    if (!answer.ok) return answer;
    return answer.value.k === "decided" ? ok(answer.value.answers) : failed(unexpected());
  }

  async close(): Promise<void> {
    await Promise.all([this.first, ...this.helpers].map((thread) => thread.close()));
  }

  /**
   * A helper is asked only when it knows the sets as they are now; until then it costs nobody time.
   * One that was never needed was never started.
   */
  private leastBusyFor(sets: readonly string[]): CedarThread {
    let least = this.first;
    for (const helper of this.helpers) {
      if (least.open < this.limits.openPerThread) break;
      if (helper.isReadyFor(sets)) {
        if (helper.open < least.open) least = helper;
      } else {
        void helper.catchUp();
        break;
      }
    }
    return least;
  }
}

const understood = (answer: Result<Answer, DeciderFault>): Result<Answer, DeciderFault> => {
  if (!answer.ok) return answer;
  switch (answer.value.k) {
    case "refused":
      return failed(refusal(answer.value.message));
    case "lost":
      return failed(fault("DECIDER_LOST", "the policy engine broke on what it was asked"));
    case "checked":
    case "loaded":
    case "decided":
      return answer;
  }
};

const sameTexts = (one: CedarPolicies | undefined, other: CedarPolicies): boolean => {
  if (one === undefined) return false;
  const ids = Object.keys(other);
  return ids.length === Object.keys(one).length && ids.every((id) => one[id] === other[id]);
};

const refusal = (why: string): DeciderFault =>
  fault("DECIDER_REFUSED", `the policy engine refuses ${visibleExcerpt(why, 300)}`);

const unexpected = (): DeciderFault =>
  fault("DECIDER_LOST", "the policy engine answered something else than it was asked");

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Kept as long as the process lives. A second decider need not compile it again; and an engine that
 * frees compiled modules while others start has crashed (https://github.com/nodejs/node/issues/64500).
 */
const compiledOnce = async (file: URL): Promise<WebAssembly.Module> => {
  const found = compiled.get(file.href);
  if (found !== undefined) return found;
  const compiling = readFile(file).then((bytes) => WebAssembly.compile(bytes));
  compiled.set(file.href, compiling);
  try {
    return await compiling;
  } catch (error) {
    compiled.delete(file.href);
    throw error;
  }
};
