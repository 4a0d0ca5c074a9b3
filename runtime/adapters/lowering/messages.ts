import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

/* What passes between the lowering thread and whoever started it; both stand in one build. */

export interface LowerJob {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly tools: readonly ToolDescriptor[];
}

/** `value` and `problems` of the lowering, to be read with suspicion. */
export interface LowerAnswer {
  readonly value: unknown;
  readonly problems: unknown;
}
