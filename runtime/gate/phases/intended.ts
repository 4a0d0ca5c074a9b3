import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import { throwIfAborted } from "#kernel/abort.ts";
import type { ToolExecutor } from "#ports/executor.ts";
import { refusalText } from "../refusal-text.ts";
import type { Subject } from "../subject.ts";
import type { Suppose } from "../supposed-calls.ts";
import type { World } from "../world.ts";
import { newId, record, remainingMs } from "../world.ts";
import type { Approved } from "./approved.ts";
import type { Step } from "./phase.ts";
import { broken, next, Phase, stop } from "./phase.ts";

/** By a tool, under a right that its executor spends. */
export interface ToolHow {
  readonly k: "tool";
  readonly executor: ToolExecutor;
  /** What the policies that decide this call would say to others in its place. */
  readonly suppose: Suppose;
}

/** By letting the driver go on with the call's `value`: what `respond` and `terminate` do. */
export interface GiveHow {
  readonly k: "give";
}

export interface IntendedContent<How> {
  readonly subject: Subject;
  readonly how: How;
  readonly fingerprint: Sha256;
  /** At least 1. */
  readonly timeoutMs: number;
  /** The rules that asked for people, who agreed. */
  readonly agreed: readonly string[];
  /** `action.intended`. */
  readonly entry: EntryId;
}

/** The ledger has the intent; from here on the action may happen. */
export class Intended<How extends ToolHow | GiveHow> extends Phase<IntendedContent<How>> {
  protected readonly name = "intended";

  private constructor(content: IntendedContent<How>) {
    super(content);
  }

  static async record<How extends ToolHow | GiveHow>(
    world: World,
    approved: Approved<How>,
    signal: AbortSignal,
  ): Promise<Step<Intended<How>>> {
    throwIfAborted(signal);
    const { subject, how, fingerprint, conditions, cause } = approved.consume();
    const { identity } = subject;
    const defaultMs = how.k === "tool" ? how.executor.timeoutMsDefault : Infinity;
    const timeoutMs = Math.floor(Math.min(defaultMs, conditions.timeoutMs ?? Infinity, remainingMs(world)));
    if (timeoutMs < 1) {
      return stop({ identity, refusal: "time-exhausted", text: refusalText("time-exhausted"), cause });
    }
    const recorded = await record(
      world,
      {
        type: "action.intended",
        cause,
        public: {
          callId: identity.callId,
          action: identity.action,
          tool: identity.tool,
          fingerprint,
          capability: newId<"capability">(world),
          timeoutMs: how.k === "tool" ? timeoutMs : null,
        },
        content: {},
        labels: identity.labels,
        feeds: false,
      },
      "none",
    );
    if (!recorded.ok) return broken(recorded.fault);
    const agreed = conditions.approval?.rules ?? [];
    return next(new Intended({ subject, how, fingerprint, timeoutMs, agreed, entry: recorded.value.id }));
  }
}
