import { utf8 } from "#kernel/bytes.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";

/* What AgentSpec, version 1, bounds: docs/formats/agent-spec.md gives the same numbers. */

/** Largest agent file, in bytes as on disk. */
export const SOURCE_BYTES_MAX = 1024 * 1024;

/** Longest path of an agent file, in UTF-8 bytes. */
export const SOURCE_PATH_BYTES_MAX = 4_096;

/** Largest canonical JSON of a spec, in UTF-8 bytes. */
export const SPEC_BYTES_MAX = 16 * 1024 * 1024;

/** Most JSON values of a spec: each object, list and scalar, names of members not counted. */
export const SPEC_VALUES_MAX = 1_000_000;

/** Deepest nesting of JSON that a reader walks at all; a spec within the bounds below stays far under it. */
export const SPEC_JSON_DEPTH_MAX = 2_048;

/** Deepest nesting of expressions and blocks in a body or function. */
export const BODY_DEPTH_MAX = 256;

/** Deepest nesting of expressions in a condition. */
export const CONDITION_DEPTH_MAX = 100;

/** Deepest nesting of a type's arguments, and of lists and blocks in metadata and attributes. */
export const DATA_DEPTH_MAX = 256;

/** Most labels of one parameter. */
export const LABELS_MAX = 256;

/** Longest time that a `require` may give one call. */
export const CALL_TIMEOUT_MS_MAX = 86_400_000;

export interface LimitRange {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const MIB = 1024 * 1024;

/** What a file may set, in the units of the spec. */
export const LIMIT_RANGES = {
  timeoutMs: { min: 1, max: DURATION_MS_MAX, whole: true },
  iterationsMax: { min: 1, max: 10_000, whole: true },
  tokensMax: { min: 1, max: 1_000_000_000, whole: true },
  memoryBytesMax: { min: MIB, max: MIB * MIB, whole: true },
  cpuCoresMax: { min: 0.001, max: 1_024, whole: false },
} as const satisfies Readonly<Record<string, LimitRange>>;

export const isWithin = (value: number, range: LimitRange): boolean =>
  value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value));

/** Longest name in a spec that is whole. */
export const NAME_LENGTH_MAX = 128;

/** A name in a spec that is whole: one word of ASCII letters, digits and `_` that begins with no digit. */
export const isSpecName = (name: string): boolean =>
  name.length <= NAME_LENGTH_MAX && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

/**
 * Why a path is none that a spec may carry, or undefined when it is one: relative to the workspace,
 * with `/` between parts, and the same file on every system.
 */
export const pathMistake = (path: string): string | undefined => {
  const bytes = utf8(path).length;
  if (!path.isWellFormed()) return "is not well-formed Unicode";
  if (bytes > SOURCE_PATH_BYTES_MAX)
    return `has ${bytes} bytes, at most ${SOURCE_PATH_BYTES_MAX} are allowed`;
  if (path !== path.normalize("NFC")) return "is not in Unicode normal form C";
  if (/[\\\u0000-\u001f\u007f]/.test(path)) return "holds a `\\` or a control character";
  const parts = path.split("/");
  if (parts[0]?.includes(":")) return "has a `:` in its first part";
  return parts.some((part) => part === "" || part === "." || part === "..")
    ? "has a part that is empty, `.` or `..`"
    : undefined;
};
