import type { Sha256 } from "#kernel/digest.ts";
import { AGENT_SPEC_VERSION, type AgentSpec, type Dialect } from "#protocol/agent-spec.ts";
import { pathMistake } from "#protocol/agent-spec-bounds.ts";
import { copyJson } from "#protocol/agent-spec-json.ts";
import { type Checked, mayRun, type ProblemCode } from "#protocol/problem.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { Entry, SymbiFile, UnknownBlock } from "../generated/ast.ts";
import { joined, partSpan, spanOf } from "../parser/tree.ts";
import { prune } from "../parser/prune.ts";
import { readSource } from "../parser/read-source.ts";
import { SourceText } from "../parser/source-text.ts";
import { checkSemantics } from "../semantics/check.ts";
import { detectDialect, reportDialect } from "../semantics/dialect.ts";
import { keyText } from "../semantics/literal.ts";
import { didYouMean, quoted, Reporter } from "../semantics/reporter.ts";
import { callables, lowerAgent, lowerFunction } from "./agent.ts";
import { commonInputs, inputsOf } from "./condition-names.ts";
import type { LowerContext } from "./context.ts";
import { entryValue } from "./entries.ts";
import { lowerPolicies } from "./policy.ts";
import type { BodyWorld } from "./scope.ts";
import { checkMetadata, lowerTrigger } from "./trigger.ts";
import { lowerTypeDefinition } from "./types.ts";

export interface LowerInput {
  /** Workspace-relative, `/`-separated, NFC. */
  readonly path: string;
  /** The file as it stands on disk. */
  readonly bytes: Uint8Array;
}

export interface LowerOptions {
  readonly digest: (bytes: Uint8Array) => Sha256;
  /** What calls, rules and capabilities may name. */
  readonly tools: readonly ToolDescriptor[];
}

/**
 * Makes an AgentSpec of an agent file, with everything that is wrong with the file. Total and pure:
 * any bytes give a result, the same bytes the same one. The value is null when the file cannot be
 * read at all, and otherwise as complete as the text allows: whole exactly when `mayRun(problems)`.
 */
export const lowerSource = (input: LowerInput, options: LowerOptions): Checked<AgentSpec | null> => {
  const { value, problems } = lowered(input, options);
  return { value: value === null ? null : { ...value, isWhole: mayRun(problems) }, problems };
};

const lowered = (input: LowerInput, options: LowerOptions): Checked<AgentSpec | null> => {
  const mistake = pathMistake(input.path);
  if (mistake !== undefined)
    return unreadable(`the path of the file ${mistake}`, "Give the file another name.");
  const reading = readSource(input.path, input.bytes);
  if (reading.k === "refused") return { value: null, problems: reading.problems };
  const { source, tree, reporter } = reading;
  const tools = new Map(options.tools.map((tool) => [tool.name, tool]));
  const context: LowerContext = { source, reporter, tools, digest: options.digest };
  const dialect = detectDialect(reading);
  const identity = {
    path: input.path,
    digest: options.digest(input.bytes),
    sizeBytes: input.bytes.length,
    dialect: dialect.name,
  };
  // After the dialect, because what is broken here may be what another dialect writes.
  if (reading.isBroken) prune(tree);
  const value = lowerFile(context, identity, tree);
  const size = copyJson(value);
  if (!size.ok)
    return unreadable(
      `the file says too much: as a specification it has ${size.mistake.why}`,
      "Split the file.",
    );
  if (dialect.name !== "D1") {
    // One honest problem instead of many about a grammar that the author never meant.
    const alone = new Reporter(source);
    reportDialect(alone, dialect);
    return { value, problems: alone.problems() };
  }
  checkSemantics(reading, value, tools);
  const problems = reporter.problems();
  return { value, problems: reading.isBroken ? problems.filter((one) => !isGuess(one.code)) : problems };
};

/** A file that is not read at all, and why. */
const unreadable = (message: string, help: string): Checked<null> => {
  const reporter = new Reporter(new SourceText("", ""));
  reporter.report("WRIT080", [0, 0], message, { help });
  return { value: null, problems: reporter.problems() };
};

/** Where a part of the text could not be read, what seems to be missing may only be in that part. */
const isGuess = (code: ProblemCode): boolean =>
  ["WRIT001", "WRIT015", "WRIT050", "WRIT052", "WRIT070", "WRIT081"].includes(code);

const BLOCKS = [
  "agent",
  "channel",
  "function",
  "memory",
  "metadata",
  "policy",
  "schedule",
  "type",
  "webhook",
];

const reportUnknownBlock = (context: LowerContext, node: UnknownBlock): void => {
  // Without its braces it is a syntax problem already.
  if (node.body === undefined) return;
  const span = partSpan(node, "words");
  context.reporter.report(
    "WRIT066",
    joined(span, partSpan(node, "words", node.words.length - 1)),
    `the block ${quoted(node.words.join(" "))} is not read, so nothing in it would hold`,
    didYouMean(context.reporter.nearest(node.words[0] ?? "", BLOCKS), span),
  );
};

/** An entry of metadata without the sign that ends it. */
const entrySpan = (entry: Entry): Span => joined(partSpan(entry, "key"), spanOf(entry.value ?? entry));

/** Everything of a file; whether it is whole is known when all problems are. */
const lowerFile = (
  context: LowerContext,
  source: AgentSpec["source"] & { readonly dialect: Dialect },
  tree: SymbiFile,
): AgentSpec => {
  const { items } = tree;
  const functions = items.filter((item) => item.$type === "FunctionDefinition");
  const shared = callables("file", functions);
  const world: BodyWorld = { functions: shared, offered: null, tier: null };
  for (const item of items) if (item.$type === "UnknownBlock") reportUnknownBlock(context, item);
  const entries = items.filter((item) => item.$type === "Metadata").flatMap((item) => item.entries);
  checkMetadata(context, entries);
  const agents = items
    .filter((item) => item.$type === "Agent")
    .map((item) => lowerAgent(context, shared, item));
  const inputs = commonInputs(agents.map((agent) => inputsOf(agent.parameters)));
  return {
    v: AGENT_SPEC_VERSION,
    isWhole: false,
    source,
    metadata: entries.flatMap((entry) => {
      const value = entryValue(context, entry.value);
      if (value === undefined) return [];
      return [{ key: keyText(entry.key), value, range: context.source.range(entrySpan(entry)) }];
    }),
    agents,
    policies: lowerPolicies(
      context,
      { agent: "*", inputs },
      items.filter((item) => item.$type === "Policy"),
    ),
    functions: functions.map((item) => lowerFunction(context, world, item)),
    types: items
      .filter((item) => item.$type === "TypeDefinition")
      .map((item) => lowerTypeDefinition(context, item)),
    triggers: items.filter((item) => item.$type === "Trigger").map((item) => lowerTrigger(context, item)),
  };
};
