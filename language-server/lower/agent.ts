import type {
  AgentDefinition,
  FunctionDefinition,
  FunctionScope,
  SandboxTier,
} from "#protocol/agent-spec.ts";
import type * as syntax from "../generated/ast.ts";
import { joined, partSpan, spanOf } from "../parser/tree.ts";
import { keyText, literalValue } from "../semantics/literal.ts";
import { didYouMean, listed, quoted } from "../semantics/reporter.ts";
import { BodyLowering } from "./body.ts";
import { inputsOf } from "./condition-names.ts";
import type { LowerContext } from "./context.ts";
import { nameAndCall, onlyOperand } from "./pattern.ts";
import { lowerPolicies } from "./policy.ts";
import type { BodyWorld, Callable } from "./scope.ts";
import { lowerParameters, lowerType } from "./types.ts";
import { lowerProfile } from "./with.ts";

export const lowerAgent = (
  context: LowerContext,
  shared: ReadonlyMap<string, Callable>,
  node: syntax.Agent,
): AgentDefinition => {
  const name = keyText(node.name ?? "");
  const items = node.items;
  const parameters = lowerParameters(context, node.parameters);
  const blocks = items.filter((item) => item.$type === "With");
  const profile = lowerProfile(context, blocks);
  const tier = profile.sandboxFloor?.tier ?? null;
  const capabilities = items
    .filter((item) => item.$type === "Capabilities")
    .flatMap((item) => lowerCapabilities(context, item, tier));
  const own = items.filter((item) => item.$type === "FunctionDefinition");
  const world: BodyWorld = {
    functions: new Map([...shared, ...callables("agent", own)]),
    offered: capabilities.length === 0 ? null : new Set(capabilities.map((capability) => capability.name)),
    tier,
  };
  for (const item of items) {
    if (item.$type === "AgentAttribute") reportAttribute(context, item);
    if (item.$type === "Section") reportSection(context, item);
  }
  for (const block of blocks) {
    if (block.body === undefined) {
      context.reporter.report("WRIT079", spanOf(block), "a `with` needs a block behind its attributes", {
        help: "Add `{ }`.",
        fix: { title: "Add a block", edits: [{ span: [spanOf(block)[1], spanOf(block)[1]], text: " { }" }] },
      });
    }
  }
  const policies = lowerPolicies(
    context,
    { agent: name, inputs: inputsOf(parameters) },
    items.filter((item) => item.$type === "Policy"),
  );
  reportRulesBeyondTier(context, tier, policies);
  const bodies = blocks.flatMap((block) => (block.body === undefined ? [] : [block.body]));
  const body = new BodyLowering(context, world).blocks(
    bodies.filter((block) => block.statements.some((statement) => statement.$type !== "Stray")),
    parameters.map((parameter) => parameter.name),
  );
  return {
    name,
    parameters,
    returns: node.returns === undefined ? null : lowerType(context, node.returns),
    capabilities,
    sandboxFloor: profile.sandboxFloor,
    limits: profile.limits,
    policies,
    functions: own.map((one) => lowerFunction(context, world, one)),
    body,
    range: context.source.range(spanOf(node)),
    nameRange: context.source.range(partSpan(node, "name")),
  };
};

export const callables = (
  scope: FunctionScope,
  nodes: readonly syntax.FunctionDefinition[],
): ReadonlyMap<string, Callable> =>
  new Map(
    nodes.map((node) => [
      node.name,
      { scope, name: node.name, parameters: node.parameters.map((parameter) => parameter.name) },
    ]),
  );

export const lowerFunction = (
  context: LowerContext,
  world: BodyWorld,
  node: syntax.FunctionDefinition,
): FunctionDefinition => {
  const parameters = lowerParameters(context, node.parameters);
  const body =
    node.body === undefined
      ? null
      : new BodyLowering(context, world).blocks(
          [node.body],
          parameters.map((parameter) => parameter.name),
        );
  return {
    name: node.name,
    parameters,
    returns: node.returns === undefined ? null : lowerType(context, node.returns),
    body: body ?? { statements: [], span: spanOf(node) },
    range: context.source.range(spanOf(node)),
  };
};

const lowerCapabilities = (
  context: LowerContext,
  node: syntax.Capabilities,
  tier: SandboxTier | null,
): AgentDefinition["capabilities"] => {
  const items = node.list?.items ?? [];
  if (node.list === undefined) {
    context.reporter.report("WRIT066", spanOf(node), "capabilities are not read in this form", {
      help: "Write `capabilities = [read_file, write_file]`.",
    });
  }
  if (node.list !== undefined && items.length === 0) {
    context.reporter.report(
      "WRIT075",
      spanOf(node.list),
      "an empty list of capabilities takes nothing away",
      {
        help: 'Write `deny: "*"` in a policy, or remove the list.',
      },
    );
  }
  return items.flatMap((item) => {
    const operand = onlyOperand(item);
    const found = operand === undefined ? undefined : nameAndCall(operand);
    const span = spanOf(item);
    if (found === undefined || found.call !== undefined) {
      context.reporter.report("WRIT066", span, "a capability is the name of a tool, and this is not a name");
      return [];
    }
    reportCapability(context, found.name, span, tier);
    return [{ name: found.name, range: context.source.range(span) }];
  });
};

const reportCapability = (
  context: LowerContext,
  name: string,
  span: readonly [number, number],
  tier: SandboxTier | null,
): void => {
  const tool = context.tools.get(name);
  if (tool === undefined) {
    const guess = context.reporter.nearest(name, context.tools.keys());
    context.reporter.report("WRIT050", span, `no tool is called ${quoted(name)}, so it gives nothing`, {
      help: `The tools are ${listed([...context.tools.keys()], "and")}.`,
      ...didYouMean(guess, span, context.source.text[span[0]] === '"' ? `"${guess}"` : guess),
    });
  } else if (tier !== null && !tool.tiers.includes(tier)) {
    reportBeyondTier(context, name, tier, tool.tiers, span);
  }
};

/** An `allow` of a tool that the named tier never offers says what cannot come true. */
const reportRulesBeyondTier = (
  context: LowerContext,
  tier: SandboxTier | null,
  policies: AgentDefinition["policies"],
): void => {
  if (tier === null) return;
  const allowing = policies.flatMap((policy) => policy.rules.filter((rule) => rule.effect === "allow"));
  for (const pattern of allowing.flatMap((rule) => rule.patterns)) {
    const tool = pattern.kind === "tool" ? context.tools.get(pattern.name) : undefined;
    if (tool !== undefined && !tool.tiers.includes(tier)) {
      reportBeyondTier(context, tool.name, tier, tool.tiers, pattern.span);
    }
  }
};

const reportBeyondTier = (
  context: LowerContext,
  name: string,
  tier: SandboxTier,
  tiers: readonly SandboxTier[],
  span: readonly [number, number],
): void =>
  context.reporter.report("WRIT074", span, `the sandbox tier \`${tier}\` does not offer ${quoted(name)}`, {
    help: `${quoted(name)} runs in ${listed(tiers)}.`,
  });

/** Attributes of the agent itself that are only for people. */
const DESCRIPTIVE: readonly string[] = ["name", "version", "author", "description"];

const reportAttribute = (context: LowerContext, node: syntax.AgentAttribute): void => {
  const { key } = node;
  const span = joined(partSpan(node, "key"), spanOf(node.value ?? node));
  if (DESCRIPTIVE.includes(key)) {
    const value = onlyOperand(node.value)?.base;
    const literal = value?.$type === "Literal" ? literalValue(value.text) : undefined;
    if (literal?.k === "string") {
      return context.reporter.report("WRIT005", span, `${quoted(key)} is not read here`, {
        help: `Write it in a \`metadata\` block.`,
      });
    }
  }
  context.reporter.report("WRIT066", span, `${quoted(key)} is not read here, so it would not hold`, {
    help: `Write it behind \`with\`: \`with ${key} = … { … }\`.`,
  });
};

const reportSection = (context: LowerContext, node: syntax.Section): void => {
  const words = node.words.join(" ");
  const guess = context.reporter.nearest(node.words[0] ?? "", ["policy", "capabilities", "function", "with"]);
  context.reporter.report(
    "WRIT066",
    [spanOf(node)[0], partSpan(node, "words", node.words.length - 1)[1]],
    `the block ${quoted(words)} inside an agent is not read, so nothing in it would hold`,
    didYouMean(guess, partSpan(node, "words")),
  );
};
