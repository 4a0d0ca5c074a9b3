import { durationText } from "#kernel/duration.ts";
import type { ActionPattern, Requirement } from "#protocol/agent-spec.ts";
import { CALL_TIMEOUT_MS_MAX } from "#protocol/agent-spec-bounds.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { type Chain, chainSpan, partSpan, spanOf } from "../parser/tree.ts";
import { keyText, literalValue } from "../semantics/literal.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { anyAction, lowerPatterns, nameAndCall, onlyOperand } from "./pattern.ts";
import { CONSTANTS } from "./scope.ts";
import { lowerTier } from "./tier.ts";

/** One thing that a `require` asks for, and of which actions. */
export interface RequiredPart {
  readonly patterns: readonly ActionPattern[];
  readonly requirement: Requirement;
}

const REQUIREMENTS = ["approval", "sandbox_tier", "timeout"] as const;

const FORMS =
  'Write `require: approval(shell)`, `require: { approval: [shell], sandbox_tier: "docker", timeout: 30s }` or `require: approval`.';

/** `approval`, `approval(PATTERN)` or a record; several parts where the record asks for several things. */
export const requiredParts = (
  context: LowerContext,
  node: Chain | undefined,
): readonly RequiredPart[] | undefined => {
  if (node === undefined) return undefined;
  const operand = onlyOperand(node);
  if (operand?.base.$type === "Record" && operand.suffixes.length === 0) {
    return recordParts(context, operand.base);
  }
  const found = operand === undefined ? undefined : nameAndCall(operand);
  if (found?.name !== "approval" || operand?.base.$type !== "NameExpression") {
    refuse(context, chainSpan(node), found?.name);
    return undefined;
  }
  const requirement = { k: "approval" } as const;
  const { call } = found;
  if (call === undefined) return [{ patterns: [anyAction(chainSpan(node))], requirement }];
  const patterns = call.arguments.map((argument) => lowerPatterns(context, argument));
  if (patterns.length === 0) {
    refuse(context, chainSpan(node), undefined);
    return undefined;
  }
  return patterns.every((one) => one !== undefined)
    ? [{ patterns: patterns.flat(), requirement }]
    : undefined;
};

const recordParts = (context: LowerContext, record: syntax.Record): readonly RequiredPart[] | undefined => {
  if (record.fields.length === 0) {
    context.reporter.report("WRIT076", spanOf(record), "this requires nothing", { help: FORMS });
    return undefined;
  }
  const parts = record.fields.map((field) => fieldPart(context, field));
  return parts.every((part) => part !== undefined) ? parts : undefined;
};

const fieldPart = (context: LowerContext, field: syntax.Field): RequiredPart | undefined => {
  const key = keyText(field.key);
  const keySpan = partSpan(field, "key");
  switch (key) {
    case "approval": {
      const patterns = isConstant(field, true)
        ? [anyAction(spanOf(field))]
        : isConstant(field, false)
          ? undefined
          : lowerPatterns(context, field);
      if (isConstant(field, false)) {
        context.reporter.report("WRIT076", spanOf(field), "`approval: false` requires nothing", {
          help: "Remove it; approval is not taken away by a rule.",
        });
      }
      return patterns === undefined ? undefined : { patterns, requirement: { k: "approval" } };
    }
    case "sandbox_tier": {
      const operand = onlyOperand(field);
      const tier = operand === undefined ? undefined : lowerTier(context, operand, "sandbox_tier");
      if (tier === undefined) return undefined;
      return { patterns: [anyAction(spanOf(field))], requirement: { k: "sandbox-tier", tier } };
    }
    case "timeout": {
      const timeoutMs = callTimeout(context, field);
      if (timeoutMs === undefined) return undefined;
      return { patterns: [anyAction(spanOf(field))], requirement: { k: "timeout", timeoutMs } };
    }
    default:
      refuse(context, keySpan, key);
      return undefined;
  }
};

const isConstant = (node: Chain | undefined, value: boolean): boolean => {
  const operand = onlyOperand(node);
  return (
    operand?.base.$type === "NameExpression" &&
    operand.suffixes.length === 0 &&
    CONSTANTS.get(operand.base.name) === value
  );
};

/** A duration with its unit: what a bare number would mean is not guessed here. */
const callTimeout = (context: LowerContext, node: Chain | undefined): number | undefined => {
  if (node === undefined) return undefined;
  const base = onlyOperand(node)?.base;
  const literal = base?.$type === "Literal" ? literalValue(base.text) : undefined;
  const measured = literal?.k === "string" ? literalValue(literal.value.trim()) : literal;
  if (measured?.k !== "duration") {
    context.reporter.report(
      "WRIT071",
      chainSpan(node),
      `${quoted(context.source.slice(chainSpan(node)))} is not a duration`,
      { help: "Write a whole number with a unit, such as `30s`." },
    );
    return undefined;
  }
  if (measured.ms >= 1 && measured.ms <= CALL_TIMEOUT_MS_MAX) return measured.ms;
  context.reporter.report(
    "WRIT077",
    chainSpan(node),
    `a call may take from 1ms to ${durationText(CALL_TIMEOUT_MS_MAX)}`,
    { help: "Write a duration within that range." },
  );
  return undefined;
};

const refuse = (context: LowerContext, span: Span, name: string | undefined): void => {
  const guess = name === undefined ? undefined : context.reporter.nearest(name, REQUIREMENTS);
  context.reporter.report(
    "WRIT076",
    span,
    name === undefined
      ? "this requirement cannot be enforced"
      : `${quoted(name)} cannot be required, because nothing enforces it`,
    { help: FORMS, ...didYouMean(guess, span) },
  );
};

const INCLUDED = ["include_input", "include_output", "include_metadata"] as const;

/** What may be audited: everything is, so only the forms that ask for no more than that. */
export const auditPatterns = (
  context: LowerContext,
  node: Chain | undefined,
): readonly ActionPattern[] | undefined => {
  if (node === undefined) return undefined;
  const operand = onlyOperand(node);
  if (operand?.base.$type === "Record" && operand.suffixes.length === 0) {
    return auditRecord(context, operand.base) ? [anyAction(chainSpan(node))] : undefined;
  }
  const found = operand === undefined ? undefined : nameAndCall(operand);
  if (found?.name === "all_operations" && found.call === undefined) return [anyAction(chainSpan(node))];
  return lowerPatterns(context, node);
};

const auditRecord = (context: LowerContext, record: syntax.Record): boolean => {
  let sound = true;
  for (const field of record.fields) {
    const key = keyText(field.key);
    if (!INCLUDED.some((one) => one === key)) {
      sound = false;
      context.reporter.report(
        "WRIT076",
        partSpan(field, "key"),
        `${quoted(key)} is not what the ledger does`,
        {
          help: "The ledger records every action with its arguments and result; write `audit: all_operations`.",
        },
      );
    } else if (!isConstant(field, true)) {
      sound = false;
      context.reporter.report("WRIT076", spanOf(field), `${quoted(key)} cannot be left out of the ledger`, {
        help: "Write `true`, or remove the rule.",
      });
    }
  }
  return sound;
};
