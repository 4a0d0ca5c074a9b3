import { createCedarDecider } from "#adapters/cedar/cedar-decider.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { PolicyEngine } from "#policy/index.ts";
import { createPolicyEngine } from "#policy/index.ts";
import type { Decider, DeciderFault } from "#ports/decider.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import { programFiles } from "./program-files.ts";

/** SHA-256 of bytes. */
export const digest = (bytes: Uint8Array): Sha256 => sha256OfBytes(createNodeCrypto().sha256(bytes));

export interface OpenedPolicyEngine {
  readonly engine: PolicyEngine;
  readonly decider: Decider;
}

/** The policy engine over Cedar in a thread that is replaced when it is lost. Whoever opens it closes the decider. */
export const openPolicyEngine = async (): Promise<Result<OpenedPolicyEngine, DeciderFault>> => {
  const { deciderWorker, cedarWasm } = programFiles();
  const decider = await createCedarDecider({ entry: deciderWorker, wasm: cedarWasm });
  if (!decider.ok) return decider;
  return ok({
    decider: decider.value,
    engine: createPolicyEngine({ decider: decider.value, digest, tools: BUILTIN_TOOLS }),
  });
};
