import type { Sha256 } from "#kernel/digest.ts";
import type { CallId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Authorized, PreparedCall, Spend, SpendFault } from "#ports/executor.ts";
import type { Intended, IntendedContent, ToolHow } from "./phases/intended.ts";
import type { Subject } from "./subject.ts";

/*
 * Rights to act.
 *
 * 1. A right is made from a recorded intent and from nothing else, one for each intent.
 * 2. It is an empty frozen object; what it stands for is in a table that only this file reaches.
 * 3. Whether it may be spent and that it is spent are one synchronous step, so two spenders at the
 *    same moment are one spender and one refusal.
 * 4. What is handed out is the call that was decided, checked against its fingerprint once more.
 * 5. A refusal is recorded.
 */

type State = "live" | "spent" | "over";

interface Right {
  readonly authority: Authority;
  readonly subject: Subject;
  readonly fingerprint: Sha256;
  readonly expiresAtMonotonicMs: number;
  state: State;
}

// One table for all gates of the process: that is how a right of another run is told from a forged one.
const rights = new WeakMap<object, Right>();

export interface AuthorityDeps {
  readonly monotonicMs: () => number;
  readonly fingerprintOf: (subject: Subject) => Sha256;
  /** Resolves when the refusal is recorded, or cannot be. Never rejects. */
  readonly onRefused: (refusal: SpendRefusal) => Promise<void>;
}

export interface SpendRefusal {
  readonly code: SpendFault["code"];
  /** The executor that asked. */
  readonly tool: string;
  /** The call that the right was made for; null when this authority did not make it. */
  readonly callId: CallId | null;
}

export interface Granted {
  readonly authorized: Authorized<PreparedCall>;
  readonly intended: IntendedContent<ToolHow>;
}

export class Authority {
  private readonly deps: AuthorityDeps;

  constructor(deps: AuthorityDeps) {
    this.deps = deps;
  }

  /** Makes the right to do what was intended, and uses the intent up. */
  grant(intended: Intended<ToolHow>): Granted {
    const content = intended.consume();
    const authorized = Object.freeze(Object.create(null) as object) as Authorized<PreparedCall>;
    rights.set(authorized, {
      authority: this,
      subject: content.subject,
      fingerprint: content.fingerprint,
      expiresAtMonotonicMs: this.deps.monotonicMs() + content.timeoutMs,
      state: "live",
    });
    return { authorized, intended: content };
  }

  /** Ends a right of this authority and says whether it had been spent. */
  end(authorized: Authorized<PreparedCall>): "spent" | "unspent" {
    const right = rights.get(authorized);
    if (right === undefined || right.authority !== this) return "unspent";
    const spent = right.state === "spent";
    if (!spent) right.state = "over";
    return spent ? "spent" : "unspent";
  }

  readonly spend: Spend = async (authorized, tool) => {
    const right = rights.get(authorized);
    const refusal = this.refusalOf(right, tool);
    if (refusal === null && right !== undefined) {
      right.state = "spent";
      return ok(right.subject.call);
    }
    return this.refuse(refusal ?? "GATE_CAPABILITY_FORGED", tool, right);
  };

  private refusalOf(right: Right | undefined, tool: string): SpendFault["code"] | null {
    if (right === undefined) return "GATE_CAPABILITY_FORGED";
    if (right.authority !== this || right.subject.call.tool !== tool) return "GATE_CAPABILITY_FOREIGN";
    if (right.state === "spent") return "GATE_CAPABILITY_REUSED";
    if (right.state === "over" || this.deps.monotonicMs() >= right.expiresAtMonotonicMs) {
      return "GATE_CAPABILITY_EXPIRED";
    }
    return this.deps.fingerprintOf(right.subject) === right.fingerprint ? null : "GATE_CAPABILITY_ALTERED";
  }

  private async refuse(
    code: SpendFault["code"],
    tool: string,
    right: Right | undefined,
  ): Promise<Result<never, SpendFault>> {
    const own = right !== undefined && right.authority === this;
    await this.deps.onRefused({
      code,
      tool,
      callId: own ? right.subject.identity.callId : null,
    });
    return failed(fault(code, REFUSALS[code]));
  }
}

const REFUSALS: Readonly<Record<SpendFault["code"], string>> = {
  GATE_CAPABILITY_FORGED: "no gate gave the right to do this",
  GATE_CAPABILITY_FOREIGN: "the right is for another run or another tool",
  GATE_CAPABILITY_REUSED: "the right was used before",
  GATE_CAPABILITY_EXPIRED: "the right is no longer valid",
  GATE_CAPABILITY_ALTERED: "the call is not the one that was decided",
};
