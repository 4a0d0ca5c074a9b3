import { readFile } from "node:fs/promises";
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
import type { Answer, Question } from "./messages.ts";
import { WorkerLine } from "./worker-line.ts";

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
}

export const CEDAR_DECIDER_LIMITS: CedarDeciderLimits = {
  decideTimeoutMs: 10_000,
  loadTimeoutMs: 30_000,
  heapMegabytesMax: 256,
  policiesParsedMax: 50_000,
};

/** Cedar in a worker thread of its own, which is replaced when it is lost or hangs. */
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
  const line = new WorkerLine({
    entry: options.entry,
    wasm,
    heapMegabytesMax: limits.heapMegabytesMax,
    startTimeoutMs: limits.loadTimeoutMs,
  });
  return ok(new CedarDecider(line, limits));
};

class CedarDecider implements Decider {
  private readonly line: WorkerLine;
  private readonly limits: CedarDeciderLimits;
  private readonly loaded = new Map<string, PolicySet>();
  private parsed = 0;

  constructor(line: WorkerLine, limits: CedarDeciderLimits) {
    this.line = line;
    this.limits = limits;
    // A new worker has to know what the lost one knew before anything else is asked of it.
    line.onStart = () => {
      const sets = [...this.loaded.values()];
      this.parsed = policyCount(sets);
      return sets.length === 0 ? [] : [{ question: { k: "load", sets }, timeoutMs: limits.loadTimeoutMs }];
    };
  }

  async check(
    policies: CedarPolicies,
    schema: string,
    signal: AbortSignal,
  ): Promise<Result<PolicyCheck, DeciderFault>> {
    const beyond = policiesBeyondBounds(policies);
    if (beyond !== null) return failed(refusal(beyond));
    const answer = await this.ask({ k: "check", policies, schema }, this.limits.loadTimeoutMs, signal);
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
    if (this.parsed > this.limits.policiesParsedMax) this.line.replace();
    this.parsed += policyCount(missing);
    // Noted at once: a worker that starts in the next moment has to know these sets too.
    const noted = (answer: Answer): void => {
      if (answer.k !== "loaded" || answer.problems.length > 0) return;
      for (const set of missing) this.loaded.set(set.name, set);
    };
    const answer = await this.ask({ k: "load", sets: missing }, this.limits.loadTimeoutMs, signal, noted);
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
    const answer = await this.ask({ k: "decide", request, sets }, this.limits.decideTimeoutMs, signal);
    if (!answer.ok) return answer;
    return answer.value.k === "decided" ? ok(answer.value.answers) : failed(unexpected());
  }

  close(): Promise<void> {
    return this.line.close();
  }

  private async ask(
    question: Question,
    timeoutMs: number,
    signal: AbortSignal,
    noted?: (answer: Answer) => void,
  ): Promise<Result<Answer, DeciderFault>> {
    const answer = await this.line.ask(question, timeoutMs, signal, noted);
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
  }
}

const policyCount = (sets: readonly PolicySet[]): number =>
  sets.reduce((sum, { policies }) => sum + Object.keys(policies).length, 0);

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
