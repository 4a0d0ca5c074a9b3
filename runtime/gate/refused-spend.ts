import type { CallId } from "#kernel/ids.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { SpendRefusal } from "./capability.ts";

/**
 * The evidence that somebody tried to act with a right that does not hold: a decision of the gate
 * that stands alone, without intent or outcome. It names the call whose right it was, or a new one
 * when no such call is known here.
 */
export const refusedSpendDraft = (
  refusal: SpendRefusal,
  context: {
    readonly newCallId: () => CallId;
    readonly policies: Sha256;
    readonly isTool: (name: string) => boolean;
  },
): EntryDraft => ({
  type: "action.decided",
  cause: null,
  public: {
    callId: refusal.call?.callId ?? context.newCallId(),
    action: "tool_call",
    tool: context.isTool(refusal.tool) ? refusal.tool : null,
    outcome: "deny",
    denyReason: refusal.code.replace("GATE_", "").toLowerCase().replaceAll("_", "-"),
    rules: [],
    obligations: [],
    policies: context.policies,
    fingerprint: refusal.call?.fingerprint ?? null,
  },
  content: {},
  feeds: false,
});
