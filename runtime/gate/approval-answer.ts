import type { JsonValue } from "#kernel/json.ts";
import type { ApprovalAnswer } from "#ports/approver.ts";
import { SURFACES } from "#protocol/consent.ts";
import type { Surface } from "#protocol/consent.ts";
import { frozenJsonObject } from "./frozen-json.ts";

const ANSWER_DEPTH_MAX = 4;

/**
 * What a surface resolved with as an answer that nobody can change any more, or null when it is none.
 * Throws where the surface's own object does, when it is read.
 */
export const readAnswer = (given: unknown): ApprovalAnswer | null => {
  const answer = frozenJsonObject(given, ANSWER_DEPTH_MAX);
  if (answer === undefined) return null;
  const { k, by, surface, fingerprint, reason, why } = answer;
  switch (k) {
    case "expired":
      return { k };
    case "unavailable":
      return typeof why === "string" ? { k, why } : null;
    case "refused":
      return typeof by === "string" && isSurface(surface) && (reason === null || typeof reason === "string")
        ? { k, by, surface, reason }
        : null;
    case "approved":
      return typeof by === "string" && isSurface(surface) && typeof fingerprint === "string"
        ? { k, by, surface, fingerprint }
        : null;
    default:
      return null;
  }
};

const isSurface = (value: JsonValue | undefined): value is Surface =>
  SURFACES.some((surface) => surface === value);
