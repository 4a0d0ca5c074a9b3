import type { MessagePort } from "node:worker_threads";
import type {
  CedarPolicies,
  CedarRequest,
  PolicyCheck,
  PolicySet,
  PolicySetProblem,
  SetAnswer,
} from "#ports/decider.ts";

/** What crosses the thread: a list of questions there, a list of answers in the same order back. */

export type Question =
  | { readonly k: "check"; readonly policies: CedarPolicies; readonly schema: string }
  | { readonly k: "load"; readonly sets: readonly PolicySet[] }
  | { readonly k: "decide"; readonly request: CedarRequest; readonly sets: readonly string[] };

export type Answer =
  | { readonly k: "checked"; readonly check: PolicyCheck }
  | { readonly k: "loaded"; readonly problems: readonly PolicySetProblem[] }
  | { readonly k: "decided"; readonly answers: readonly SetAnswer[] }
  /** The module refused this question and lives on. */
  | { readonly k: "refused"; readonly message: string }
  /** The module is gone for good, with this question; later ones of the batch were not asked. */
  | { readonly k: "lost"; readonly message: string };

/** Number of the answer that a worker gives unasked, when it has started. */
export const WORKER_READY = 0;

export interface Batch {
  /** From 1. */
  readonly number: number;
  readonly questions: readonly Question[];
}

export interface BatchAnswer {
  readonly number: number;
  /** One for each question; shorter when the module was lost on the way. */
  readonly answers: readonly Answer[];
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly wasm: WebAssembly.Module;
  /** Where batches come from and answers go. */
  readonly port: MessagePort;
  /** How many of each have been posted, at `POSTED`: cheap to look at for a thread that waits awake. */
  readonly posted: SharedArrayBuffer;
}

/** Places of the counters, 32 bits each, that run over and are only compared for being the same. */
export const POSTED = { batches: 0, answers: 1 } as const;
export const POSTED_BYTES = 8;
