import type { AstNode } from "langium";
import type { ProblemClass, Severity } from "#protocol/problem.ts";
import type { Agent, FunctionDefinition } from "../generated/ast.ts";
import {
  isAgent,
  isFunctionDefinition,
  isPolicy,
  isTrigger,
  isTypeDefinition,
  isWith,
} from "../generated/ast.ts";
import { partSpan, type TreeIndex } from "../parser/tree.ts";
import { keyText } from "./literal.ts";
import { quoted, type Reporter } from "./reporter.ts";

/** WRIT012: two things with one name. */
export const checkDuplicates = (reporter: Reporter, index: TreeIndex): void => {
  const { items } = index.tree;
  const check = new DuplicateCheck(reporter);
  check.all("agent", items.filter(isAgent), "name", "enforcement", "error");
  check.all("policy", items.filter(isPolicy), "name");
  check.all("function", items.filter(isFunctionDefinition), "name", "quality", "error");
  check.all("type", items.filter(isTypeDefinition), "name");
  for (const kind of ["schedule", "webhook", "memory", "channel"] as const) {
    check.all(
      kind,
      items.filter(isTrigger).filter((item) => item.kind === kind),
      "name",
    );
  }
  check.all(
    "key",
    items.flatMap((item) => (item.$type === "Metadata" ? item.entries : [])),
    "key",
  );
  for (const item of items) {
    if (item.$type === "Agent") checkAgent(check, item);
    if (item.$type === "FunctionDefinition") check.parameters(item);
    if (item.$type === "Trigger")
      check.all(
        "key",
        item.members.filter((member) => member.$type === "Entry"),
        "key",
        "quality",
        "error",
      );
  }
  // Of two values of one key in a block only one would be kept.
  for (const block of index.all("EntryBlock")) check.all("key", block.entries, "key", "quality", "error");
  for (const record of index.all("Record")) check.all("field", record.fields, "key", "quality", "error");
};

const checkAgent = (check: DuplicateCheck, agent: Agent): void => {
  check.all("policy", agent.items.filter(isPolicy), "name");
  check.all("function", agent.items.filter(isFunctionDefinition), "name", "quality", "error");
  check.parameters(agent);
  // `sandbox` may stand in each block: the strongest binds, and WRIT018 says so.
  const attributes = agent.items.filter(isWith).flatMap((block) => block.attributes);
  check.all(
    "attribute",
    attributes.filter((attribute) => attribute.name !== "sandbox"),
    "name",
    "quality",
    "error",
  );
  for (const item of agent.items) if (item.$type === "FunctionDefinition") check.parameters(item);
};

class DuplicateCheck {
  private readonly reporter: Reporter;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  parameters(node: Agent | FunctionDefinition): void {
    this.all("parameter", node.parameters, "name", "quality", "error");
  }

  all<K extends "name" | "key">(
    kind: string,
    nodes: readonly (AstNode & { readonly [Key in K]?: string })[],
    property: K,
    problemClass: ProblemClass = "quality",
    severity: Severity = "warning",
  ): void {
    const seen = new Map<string, AstNode>();
    for (const node of nodes) {
      const written = node[property];
      if (written === undefined) continue;
      // Two spellings of one text are one name.
      const name = keyText(written).normalize("NFC");
      const first = seen.get(name);
      if (first === undefined) {
        seen.set(name, node);
        continue;
      }
      this.reporter.report("WRIT012", partSpan(node, property), `the ${kind} ${quoted(name)} stands twice`, {
        class: problemClass,
        severity,
        related: [{ message: "it stands here first", span: partSpan(first, property) }],
      });
    }
  }
}
