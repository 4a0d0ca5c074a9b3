import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { SymbiFile } from "../generated/ast.ts";
import { spanOf } from "../parser/tree.ts";
import { keyText, literalValue } from "./literal.ts";
import { didYouMean, quoted, type Reporter } from "./reporter.ts";

/** WRIT015: a trigger that names an agent which is not there, and WRIT025: its cron text. */
export const checkReferences = (reporter: Reporter, tree: SymbiFile, spec: AgentSpec): void => {
  const agents = new Set(spec.agents.map((agent) => agent.name));
  for (const item of tree.items) {
    if (item.$type !== "Trigger") continue;
    for (const member of item.members) {
      if (member.$type !== "Entry" || member.value?.$type !== "Unary") continue;
      const key = keyText(member.key);
      const { base } = member.value;
      const span = spanOf(member.value);
      const literal = base?.$type === "Literal" ? literalValue(base.text) : undefined;
      const text =
        literal?.k === "string" ? literal.value : base?.$type === "NameExpression" ? base.name : undefined;
      if (text === undefined) continue;
      const namesAgent =
        (key === "agent" && (item.kind === "schedule" || item.kind === "webhook")) ||
        (key === "default_agent" && item.kind === "channel");
      if (namesAgent && !agents.has(text)) {
        const guess = reporter.nearest(text, agents);
        const written = literal === undefined ? guess : `"${guess}"`;
        reporter.report(
          "WRIT015",
          span,
          `this file has no agent ${quoted(text)}`,
          didYouMean(guess, span, written),
        );
      }
      if (key === "cron" && item.kind === "schedule" && literal?.k === "string") {
        checkCron(reporter, text, span);
      }
    }
  }
};

const checkCron = (reporter: Reporter, text: string, span: readonly [number, number]): void => {
  const fields = text.trim() === "" ? 0 : text.trim().split(/\s+/).length;
  if (fields === 6) return;
  if (fields === 5) {
    return reporter.report(
      "WRIT025",
      span,
      "five fields begin with the minute; some schedulers want the second first",
      {
        fix: { title: "Put the second first", edits: [{ span: [span[0] + 1, span[0] + 1], text: "0 " }] },
      },
    );
  }
  reporter.report("WRIT025", span, `a cron text has five or six fields, and this has ${fields}`, {
    severity: "warning",
    help: "Write for example `0 6 * * *`.",
  });
};
