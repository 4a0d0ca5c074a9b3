import type { ApprovalId, RunId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Surface } from "#protocol/consent.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";

/**
 * A surface where a person answers. The first valid answer wins; nobody to ask, an expiry or a
 * lost surface is never a yes.
 */
export interface Approver {
  /** Resolves with the person's answer, or `unavailable` when nobody can be asked here. Rejects with an AbortError when aborted. */
  ask(question: ApprovalQuestion, signal: AbortSignal): Promise<ApprovalAnswer>;
}

export interface ApprovalQuestion {
  readonly id: ApprovalId;
  readonly run: RunId;
  /** `Agent::"…"` that wants to act. */
  readonly principal: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** What the act would change, as text for people (a unified diff for a file), or null. */
  readonly preview: string | null;
  readonly decision: Decision;
  /** Keyed fingerprint of the prepared call; the answer is for this call only. */
  readonly fingerprint: string;
  readonly expiresInMs: number;
  readonly who: WhoMayAnswer;
}

/** Whom the rules accept. A surface that knows its person is not among them need not ask. */
export interface WhoMayAnswer {
  /** Operating-system users of whom the person must be one; `[]` accepts any. */
  readonly approvers: readonly string[];
  /** Users who may not: the initiator where a rule says so, and whoever approved this call before. */
  readonly except: readonly string[];
}

/**
 * `by` is the operating-system user. A yes names the
 * fingerprint that the person was shown, so that no adapter can give it to another call.
 */
export type ApprovalAnswer =
  | {
      readonly k: "approved";
      readonly by: string;
      readonly surface: Surface;
      readonly fingerprint: string;
    }
  | { readonly k: "refused"; readonly by: string; readonly surface: Surface; readonly reason: string | null }
  | { readonly k: "expired" }
  | { readonly k: "unavailable"; readonly why: string };
