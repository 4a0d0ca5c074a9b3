import { utf8Text } from "#kernel/bytes.ts";
import type { SupposedCall, WouldAllow } from "#ports/executor.ts";
import type { ProgramChange } from "#ports/sandbox.ts";
import { TOOL_TEXT_BYTES_MAX } from "#protocol/tool-descriptors.ts";

import { callOfTool } from "./builtin-executor.ts";

/** The changed paths that `write_file` may not write, in the order of the changes. */
export const deniedWrites = async (
  changes: readonly ProgramChange[],
  wouldAllow: WouldAllow,
  options: { readonly labels: readonly string[]; readonly signal: AbortSignal },
): Promise<readonly string[]> => {
  const answers = await wouldAllow(changes.map(writeOf), options);
  return changes.filter((_, index) => answers[index] !== true).map(({ path }) => path);
};

/**
 * A change as the write that it amounts to. What `write_file` could not be given (bytes that are no
 * text, too long a text, the removal of a file) has no `content`: a rule that looks at it errs, and
 * so does not permit it.
 */
const writeOf = ({ path, bytes }: ProgramChange): SupposedCall => {
  const text = bytes === null || bytes.length > TOOL_TEXT_BYTES_MAX ? undefined : utf8Text(bytes);
  return callOfTool("write_file", text === undefined ? { path } : { path, content: text });
};
