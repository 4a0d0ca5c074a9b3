import { createHash } from "node:crypto";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { POLICY_VOCABULARY_VERSION } from "#protocol/policy-vocabulary.ts";

export const sha256 = (bytes: Uint8Array): Sha256 =>
  sha256OfBytes(createHash("sha256").update(bytes).digest());

export const READER = "agents/reader.symbi#reader";

type Changes = Partial<Omit<PolicyRequest, "context">> & {
  readonly context?: Partial<PolicyRequest["context"]>;
};

const request = (
  defaults: Pick<PolicyRequest, "action" | "tool" | "resource">,
  changes: Changes,
): PolicyRequest => ({
  v: POLICY_VOCABULARY_VERSION,
  principal: { type: "Agent", id: READER },
  onBehalfOf: { kind: "user", id: "alice" },
  ancestors: [],
  arguments: {},
  ...defaults,
  ...changes,
  context: { run: "run", iteration: 1, sandboxTier: "wasm", labels: [], inputs: {}, ...changes.context },
});

/** The call of a tool by the agent `reader`, for a user. */
export const calling = (
  tool: string,
  args: PolicyRequest["arguments"] = {},
  changes: Changes = {},
): PolicyRequest =>
  request(
    { action: "tool_call", tool, resource: { type: "Tool", id: tool, attributes: {} } },
    { arguments: args, ...changes },
  );

/** A file published by the agent `reader`; the id is taken as it is. */
export const publishing = (fileId: string, changes: Changes = {}): PolicyRequest =>
  request(
    {
      action: "publish_file",
      tool: null,
      resource: { type: "File", id: fileId, attributes: { change: "changed", size_bytes: 10 } },
    },
    { arguments: { path: fileId }, ...changes },
  );

/** Something done to the run itself. */
export const onRun = (action: "respond" | "terminate" | "allocate", changes: Changes = {}): PolicyRequest =>
  request({ action, tool: null, resource: { type: "Run", id: "run", attributes: {} } }, changes);

/** The model asked by the agent `reader`. */
export const asking = (chosen: boolean, changes: Changes = {}): PolicyRequest =>
  request(
    {
      action: "model_call",
      tool: null,
      resource: { type: "Model", id: "scripted:demo", attributes: { remote: false, chosen } },
    },
    changes,
  );
