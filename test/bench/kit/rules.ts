import { digest } from "#host/compose/policies.ts";
import { utf8 } from "#kernel/bytes.ts";
import { lowerSource } from "#language/lower/lower.ts";
import type { CompiledSource } from "#policy/compiled-policy.ts";
import { compileAgentFile } from "#policy/index.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

export const READER_PATH = "agents/reader.symbi";

/** The rules of an agent `reader`, so many about reading files, one about each of two other things. */
export const readerRules = (readRules: number): CompiledSource => {
  const rules = Array.from({ length: readRules }, (_, index) => readRule(index));
  const text = `agent reader(month: String) {
    capabilities = ["read_file", "list_files", "publish_file"]
    policy desk {
        ${rules.join("\n        ")}
        allow: list_files
        allow: publish_file(path) if path.starts_with("team-0/")
    }
}`;
  const { value, problems } = lowerSource(
    { path: READER_PATH, bytes: utf8(text) },
    { digest, tools: BUILTIN_TOOLS },
  );
  if (value === null || problems.some(({ severity }) => severity === "error")) {
    throw new Error(`the rules have a problem: ${problems.map(({ message }) => message).join("; ")}`);
  }
  const source = compileAgentFile(value, "reader", BUILTIN_TOOLS);
  if (source.problems.length > 0 || source.policies.length !== readRules + 2) {
    throw new Error("the rules do not compile");
  }
  return source;
};

/** Every fourth forbids; the first permits what is below `team-0/`. */
const readRule = (index: number): string =>
  index % 4 === 3
    ? `deny: read_file(path) if path.contains("private-${index}") || context.iteration > ${50 + index}`
    : `allow: read_file(path) if path.starts_with("team-${index}/") && context.iteration < ${40 + index}`;
