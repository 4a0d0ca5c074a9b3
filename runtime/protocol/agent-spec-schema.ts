import type { Sha256 } from "#kernel/digest.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { depthMistake } from "./agent-spec-depth.ts";
import { copyJson, pointer, type SpecMistake } from "./agent-spec-json.ts";
import { specShape } from "./agent-spec-shape.ts";
import { spanMistake } from "./agent-spec-spans.ts";
import { wholeMistake } from "./agent-spec-whole.ts";

export type AgentSpecReading =
  | { readonly ok: true; readonly value: AgentSpec }
  | ({ readonly ok: false } & SpecMistake);

/**
 * Reads a value of unknown origin as an AgentSpec, version 1: refuses what docs/formats/agent-spec.md
 * says that a reader refuses, and gives a copy of the rest with nothing left out. Never throws.
 *
 * @param digest SHA-256.
 */
export const readAgentSpec = (value: unknown, digest: (bytes: Uint8Array) => Sha256): AgentSpecReading => {
  try {
    const copied = copyJson(value);
    if (!copied.ok) return { ok: false, ...copied.mistake };
    const shaped = specShape.safeParse(copied.value);
    if (!shaped.success) {
      const [issue] = shaped.error.issues;
      const path = (issue?.path ?? []).map((step) => (typeof step === "number" ? step : String(step)));
      return { ok: false, where: pointer(path), why: issue?.message ?? "not an AgentSpec" };
    }
    // The copy and not what the shape made of it: a name such as `__proto__` is data like any other.
    const spec = copied.value as unknown as AgentSpec;
    const mistake =
      spanMistake(copied.value, spec.source.sizeBytes) ??
      depthMistake(spec) ??
      (spec.isWhole ? wholeMistake(spec, digest) : undefined);
    return mistake === undefined ? { ok: true, value: spec } : { ok: false, ...mistake };
  } catch (error) {
    // The reader goes down with the value; one that is deeper than any spec uses up the stack.
    if (isStackOverflow(error)) return { ok: false, where: "", why: "nested too deep" };
    throw error;
  }
};

const isStackOverflow = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "RangeError";
