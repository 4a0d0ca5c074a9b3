import { abortError } from "#kernel/abort.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { Refusal } from "../contract.ts";
import { askPerson } from "../approval.ts";
import type { ApprovalTerms } from "../conditions.ts";
import { refusalText } from "../refusal-text.ts";
import type { World } from "../world.ts";
import type { Decided, DecidedContent } from "./decided.ts";
import type { Step } from "./phase.ts";
import { broken, next, Phase, stop } from "./phase.ts";

export interface ApprovedContent<How> extends DecidedContent<How> {
  /** The decision, or the last person's answer. */
  readonly cause: EntryId;
}

const NOBODY: ApprovalTerms = { approvers: [], except: [], min: 0, rules: [] };

/** Whoever has to agree has agreed to exactly this call, or nobody has to. */
export class Approved<How> extends Phase<ApprovedContent<How>> {
  protected readonly name = "approved";

  private constructor(content: ApprovedContent<How>) {
    super(content);
  }

  static async ask<How>(
    world: World,
    decided: Decided<How>,
    signal: AbortSignal,
  ): Promise<Step<Approved<How>>> {
    const content = decided.consume();
    const { approvers, except, min, rules } = content.conditions.approval ?? NOBODY;
    let cause = content.entry;
    const agreed: string[] = [];
    while (agreed.length < min) {
      const who = { approvers, except: [...except, ...agreed] };
      const asked = await askPerson(world, { ...content, cause, who, rules }, signal);
      if (!asked.ok) return broken(asked.fault);
      const { answer, entry } = asked.value;
      cause = entry;
      if (answer.k === "cancelled") throw abortError();
      if (answer.k !== "approved") {
        const refusal: Refusal = `approval-${answer.k}`;
        const { identity } = content.subject;
        return stop({ identity, refusal, text: refusalText(refusal), cause });
      }
      agreed.push(answer.by);
    }
    return next(new Approved({ ...content, cause }));
  }
}
