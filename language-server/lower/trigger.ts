import type { DataValue, Trigger } from "#protocol/agent-spec.ts";
import type * as syntax from "../generated/ast.ts";
import { partSpan, spanOf } from "../parser/tree.ts";
import { keyText } from "../semantics/literal.ts";
import { quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { entryObject } from "./entries.ts";

/** Under which key each kind of trigger names its agent. */
export const AGENT_KEYS: Readonly<Record<Trigger["kind"], string | null>> = {
  schedule: "agent",
  webhook: "agent",
  memory: null,
  channel: "default_agent",
};

/** Keeps a schedule, webhook, memory or channel as data, and says that nothing acts on it. */
export const lowerTrigger = (context: LowerContext, node: syntax.Trigger): Trigger => {
  const { kind } = node;
  const head: readonly [number, number] = [
    spanOf(node)[0],
    node.name === undefined ? spanOf(node)[0] + kind.length : partSpan(node, "name")[1],
  ];
  context.reporter.report("WRIT078", head, `the ${kind} is recorded, and nothing acts on it in this version`);
  for (const member of node.members) {
    if (member.$type !== "Policy") continue;
    context.reporter.report(
      "WRIT066",
      [spanOf(member)[0], partSpan(member, "name")[1]],
      `a policy inside a ${kind} is not read, so its rules would not hold`,
      { help: "Move it to the top of the file or into an agent." },
    );
  }
  const attributes = entryObject(
    context,
    node.members.filter((member) => member.$type === "Entry"),
  );
  const agentKey = AGENT_KEYS[kind];
  const agent = agentKey === null || !Object.hasOwn(attributes, agentKey) ? null : attributes[agentKey];
  return {
    kind,
    name: node.name === undefined ? "" : keyText(node.name),
    agent: agentName(agent),
    attributes,
    range: context.source.range(spanOf(node)),
  };
};

/** A trigger names its agent as a text or as a bare word. */
const agentName = (value: DataValue | null | undefined): string | null => {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && "ref" in value ? value.ref : null;
};

/** Keys of metadata that read like a restriction or a guarantee. */
const PROMISES: Readonly<Record<string, string>> = {
  allowed_tools: "Write `allow:` rules in a policy.",
  denied_tools: "Write `deny:` rules in a policy.",
  disallowed_tools: "Write `deny:` rules in a policy.",
  tools: "Write `capabilities = [...]` in the agent.",
  capabilities: "Write `capabilities = [...]` in the agent.",
  permissions: "Write a policy.",
  permission_mode: "Write `require: approval` rules in a policy.",
  policy: "Write a `policy` block.",
  policies: "Write a `policy` block.",
  executor: "Writ itself runs the agent; remove the key.",
  sandbox: 'Write it behind `with`: `with sandbox = "docker" { … }`.',
  sandbox_tier: 'Write it behind `with`: `with sandbox = "docker" { … }`.',
  timeout: "Write it behind `with`: `with timeout = 5m { … }`.",
  max_iterations: "Write it behind `with`.",
  max_tokens: "Write it behind `with`.",
  budget_tokens: "Write it behind `with`.",
  max_memory_mb: "Write it behind `with`.",
  max_cpu_cores: "Write it behind `with`.",
  memory: "Nothing outlives a run; remove the key.",
  network: "A sandbox never has a network; remove the key.",
  network_policy: "A sandbox never has a network; remove the key.",
  requires: "Write a policy, such as `require: approval(shell)`.",
  security: "Name what you mean with a tier, limits and policies.",
  privacy: "Name what you mean with policies.",
};

/** Keys that begin like a rule or a limit, whatever they go on with. */
const LIKE_A_RULE =
  /^(?:allow|allowed|block|blocked|deny|denied|forbid|forbidden|limit|max|permit|permitted|require|required|requires|restrict|restricted)(?:_|$)/;

/** Keys of metadata that would start the agent or choose its model. */
const RECORDED: ReadonlySet<string> = new Set(["model", "schedule"]);

/** Metadata is data for people; a key that a reader would take for a guarantee is refused. */
export const checkMetadata = (context: LowerContext, entries: readonly syntax.Entry[]): void => {
  for (const entry of entries) {
    const key = keyText(entry.key ?? "");
    const span = partSpan(entry, "key");
    if (Object.hasOwn(PROMISES, key) || LIKE_A_RULE.test(key)) {
      context.reporter.report("WRIT075", span, `nothing keeps what ${quoted(key)} promises in metadata`, {
        help: Object.hasOwn(PROMISES, key) ? PROMISES[key] : "Write it as a policy or behind `with`.",
      });
    } else if (RECORDED.has(key)) {
      context.reporter.report("WRIT078", span, `${quoted(key)} is recorded, and nothing acts on it`, {
        help: key === "model" ? "Choose the model when the agent is run." : undefined,
      });
    }
  }
};
