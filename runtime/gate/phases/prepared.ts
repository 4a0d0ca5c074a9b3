import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { PreparedCall } from "#ports/executor.ts";
import type { Candidate, Foreseen, Preparation } from "../candidate.ts";
import type { Refusal } from "../contract.ts";
import { within } from "../deadline.ts";
import { frozenJsonObject } from "../frozen-json.ts";
import { isLabels } from "../labels.ts";
import { refusalText } from "../refusal-text.ts";
import type { Subject } from "../subject.ts";
import { subjectOf } from "../subject.ts";
import type { World } from "../world.ts";
import { record } from "../world.ts";
import { decidedDraft } from "../decided-entry.ts";
import type { Step } from "./phase.ts";
import { broken, next, Phase, stop } from "./phase.ts";

export interface PreparedContent<How> {
  readonly subject: Subject;
  /** The arguments as proposed, before they were prepared. */
  readonly given: JsonObject;
  readonly how: How;
  readonly foreseen: Foreseen | null;
}

/** Deepest JSON of a prepared call: its arguments and what an executor puts around them. */
const PREPARED_DEPTH_MAX = 64;

/** What the action would touch is known and frozen. Nothing has been touched. */
export class Prepared<How> extends Phase<PreparedContent<How>> {
  protected readonly name = "prepared";

  private constructor(content: PreparedContent<How>) {
    super(content);
  }

  /** `policies` is the digest of those that would be asked, for the record of a refusal. */
  static async prepare<How>(
    world: World,
    candidate: Candidate<How>,
    policies: Sha256,
    signal: AbortSignal,
  ): Promise<Step<Prepared<How>>> {
    const timed = await within(world.clock, world.run.limits.prepareMsMax, signal, (inner) =>
      candidate.prepare(inner),
    );
    const preparation: Preparation<How> =
      timed.k === "settled" ? timed.value : { k: "refused", refusal: "arguments-refused", why: null };
    if (preparation.k === "refused") {
      return refuse(world, candidate, policies, preparation.refusal, preparation.why);
    }
    const { given, how, foreseen } = preparation;
    const call = frozenCall(preparation.call);
    if (call === undefined) return refuse(world, candidate, policies, "arguments-refused", null);
    const subject = subjectOf(world, candidate.identity, call);
    return next(new Prepared({ subject, given: given ?? call.arguments, how, foreseen }));
  }
}

/** The call as data that nobody can change any more, or undefined when it is none. */
const frozenCall = (call: PreparedCall): PreparedCall | undefined => {
  const copy = frozenJsonObject(call, PREPARED_DEPTH_MAX);
  const whole =
    isJsonObject(copy?.["arguments"]) &&
    isJsonObject(copy["resource"]) &&
    isJsonObject(copy["details"]) &&
    isLabels(copy["labels"]) &&
    (copy["preview"] === null || typeof copy["preview"] === "string");
  return whole ? (copy as unknown as PreparedCall) : undefined;
};

const refuse = async (
  world: World,
  candidate: Candidate<unknown>,
  policies: Sha256,
  refusal: Refusal,
  why: string | null,
): Promise<Step<never>> => {
  const { identity } = candidate;
  const evidence = candidate.evidence();
  const draft = decidedDraft(identity, {
    outcome: "deny",
    denyReason: refusal,
    decision: null,
    policies,
    fingerprint: null,
    content: {
      request: { reference: identity.reference, tool: evidence.tool },
      arguments: evidence.arguments,
    },
  });
  const recorded = await record(world, draft, "none");
  if (!recorded.ok) return broken(recorded.fault);
  const text = why === null ? refusalText(refusal) : `${refusalText(refusal).replace(/\.$/, ":")} ${why}`;
  return stop({ identity, refusal, text, cause: recorded.value.id });
};
