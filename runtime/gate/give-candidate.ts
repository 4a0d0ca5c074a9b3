import type { JsonObject } from "#kernel/json.ts";
import type { PreparedCall } from "#ports/executor.ts";
import type { ActionName } from "#protocol/policy-vocabulary.ts";
import type { Candidate } from "./candidate.ts";
import type { Proposed } from "./contract.ts";
import type { GiveHow } from "./phases/intended.ts";
import { newCallId } from "./world.ts";
import type { World } from "./world.ts";

/** `respond` or `terminate`: acts on the run itself, by letting its driver go on with the arguments' `value`. */
export const giveCandidate = (
  world: World,
  action: Extract<ActionName, "respond" | "terminate">,
  { labels, iteration, cause }: Proposed,
  argumentsGiven: JsonObject,
): Candidate<GiveHow> => ({
  identity: Object.freeze({
    callId: newCallId(world),
    reference: action,
    action,
    tool: null,
    labels,
    iteration,
    ordinal: 0,
    cause,
  }),
  evidence: () => ({ tool: null, arguments: null }),
  prepare() {
    const call: PreparedCall = {
      tool: action,
      arguments: argumentsGiven,
      resource: { type: "Run", id: world.recorder.run, attributes: {} },
      labels: [],
      preview: null,
      details: {},
    };
    return Promise.resolve({ k: "prepared", given: null, call, how: { k: "give" }, foreseen: null });
  },
});
