import { DURATION_MS_MAX, durationText } from "#kernel/duration.ts";
import type { AgentDefinition, Limited, Limits, SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { isWithin, LIMIT_RANGES } from "#protocol/agent-spec-bounds.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { partSpan, spanOf } from "../parser/tree.ts";
import { literalValue } from "../semantics/literal.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { nameAndCall } from "./pattern.ts";
import { lowerTier } from "./tier.ts";

/** What the attributes of an agent's `with` blocks say together. */
export type Profile = Pick<AgentDefinition, "sandboxFloor" | "limits">;

type LimitName = keyof Limits;

const MIB = 1024 * 1024;

/** Attributes that set a limit, by the name they are written under, with what their numbers count. */
const LIMIT_ATTRIBUTES: Readonly<Record<string, { readonly limit: LimitName; readonly unit: number }>> = {
  max_iterations: { limit: "iterationsMax", unit: 1 },
  budget_tokens: { limit: "tokensMax", unit: 1 },
  max_tokens: { limit: "tokensMax", unit: 1 },
  max_memory_mb: { limit: "memoryBytesMax", unit: MIB },
  max_cpu_cores: { limit: "cpuCoresMax", unit: 1 },
};

/** From here on a timeout without unit was meant as milliseconds. */
const BARE_TIMEOUT_MAX = 1_000;

/** Attributes that are data for people; they promise nothing. */
const DESCRIPTIVE = ["description", "name", "version", "author", "tags", "license"] as const;

/** What to write instead of an attribute that nothing keeps. */
const INSTEAD: Readonly<Record<string, string>> = {
  memory: 'Nothing outlives a run: only `memory = "ephemeral"` is true.',
  network_policy: "A sandbox never has a network; to forbid calls that leave it, write `deny: http_request`.",
  requires: "Write a policy, such as `require: approval(shell)`.",
  security: 'Name what you mean: a tier (`sandbox = "gvisor"`), limits and policies.',
  privacy: "Name what you mean with policies, such as `deny: publish_file`.",
  model: "Choose the model when the agent is run.",
};

const KNOWN = ["sandbox", "timeout", "memory", ...Object.keys(LIMIT_ATTRIBUTES), ...DESCRIPTIVE];

export const lowerProfile = (context: LowerContext, blocks: readonly syntax.With[]): Profile => {
  const profile = new ProfileLowering(context);
  for (const block of blocks) for (const attribute of block.attributes) profile.attribute(attribute);
  return profile.result();
};

class ProfileLowering {
  private readonly context: LowerContext;
  private readonly limits: { [Name in LimitName]: Limited } = {
    timeoutMs: null,
    iterationsMax: null,
    tokensMax: null,
    memoryBytesMax: null,
    cpuCoresMax: null,
  };
  /** Which attribute set a limit: some limits have two names. */
  private readonly named = new Map<LimitName, { readonly name: string; readonly span: Span }>();
  private floor: { readonly tier: SandboxTier; readonly span: Span } | null = null;

  constructor(context: LowerContext) {
    this.context = context;
  }

  result(): Profile {
    const { floor, limits } = this;
    return {
      sandboxFloor:
        floor === null ? null : { tier: floor.tier, range: this.context.source.range(floor.span) },
      limits,
    };
  }

  attribute(node: syntax.WithAttribute): void {
    const { name, value } = node;
    if (name === undefined || value === undefined || DESCRIPTIVE.some((one) => one === name)) return;
    const limit = Object.hasOwn(LIMIT_ATTRIBUTES, name) ? LIMIT_ATTRIBUTES[name] : undefined;
    if (limit !== undefined) return this.limit(node, value, limit.limit, limit.unit);
    switch (name) {
      case "sandbox":
        return this.sandbox(value);
      case "timeout":
        return this.timeout(value);
      case "memory":
        if (this.wordOf(value) === "ephemeral") return;
    }
    this.promise(node);
  }

  private sandbox(value: syntax.WithAttribute["value"]): void {
    const span = spanOf(value);
    if (value.$type === "EntryBlock") {
      return this.context.reporter.report("WRIT017", span, "a block is not a value of `sandbox`");
    }
    const tier = lowerTier(this.context, value, "sandbox");
    if (tier === undefined) return;
    if (this.floor !== null && this.floor.tier !== tier) {
      const stronger =
        SANDBOX_TIERS.indexOf(tier) > SANDBOX_TIERS.indexOf(this.floor.tier) ? tier : this.floor.tier;
      this.context.reporter.report("WRIT018", span, `the agent names two tiers; \`${stronger}\` binds`, {
        related: [{ message: "the other tier", span: this.floor.span }],
      });
      if (stronger === this.floor.tier) return;
    }
    this.floor = { tier, span };
  }

  private timeout(value: syntax.WithAttribute["value"]): void {
    const span = spanOf(value);
    const written = this.context.source.slice(span);
    const base =
      value.$type === "Unary" && value.suffixes.length === 0 && value.prefixes.length === 0
        ? value.base
        : undefined;
    const literal = base?.$type === "Literal" ? literalValue(base.text) : undefined;
    const measured = literal?.k === "string" ? literalValue(literal.value.trim()) : literal;
    if (measured?.k === "duration") return this.limitTime(measured.ms, span);
    if (measured?.k !== "number") {
      return this.context.reporter.report("WRIT022", span, `${quoted(written)} is not a duration`, {
        help:
          measured?.k === "unreadable"
            ? `Write for example \`90s\`, \`5m\` or \`2h\`: ${measured.why}.`
            : undefined,
      });
    }
    if (measured.value < BARE_TIMEOUT_MAX) {
      return this.limitTime(measured.value * 1000, span);
    }
    const meant = Number.isInteger(measured.value) ? durationUnit(measured.value) : undefined;
    const asSeconds = durationText(measured.value * 1000);
    this.context.reporter.report(
      "WRIT021",
      span,
      `a timeout without unit is seconds, so ${quoted(written)} would be ${asSeconds}`,
      meant === undefined
        ? {}
        : {
            help: `If milliseconds are meant, write \`${meant}\`.`,
            fix: { title: `Write ${meant}`, edits: [{ span, text: meant }] },
          },
    );
  }

  private limit(
    node: syntax.WithAttribute,
    value: syntax.WithAttribute["value"],
    name: LimitName,
    unit: number,
  ): void {
    const range = LIMIT_RANGES[name];
    const span = spanOf(value);
    const number = value.$type === "Unary" ? numberOf(value) : undefined;
    const wanted = `\`${node.name}\` is a ${range.whole ? "whole " : ""}number from ${range.min / unit} to ${range.max / unit}`;
    if (number === undefined) {
      const mebibytes =
        name === "memoryBytesMax" ? sizeInMebibytes(this.context.source.slice(span)) : undefined;
      return this.context.reporter.report("WRIT077", span, wanted, {
        help: "Write a plain number.",
        fix:
          mebibytes === undefined
            ? undefined
            : { title: `Write ${mebibytes}`, edits: [{ span, text: `${mebibytes}` }] },
      });
    }
    const isOfUnit = !range.whole || Number.isInteger(number);
    if (!isOfUnit || !isWithin(number * unit, range)) {
      return this.context.reporter.report("WRIT077", span, wanted);
    }
    const first = this.named.get(name);
    if (first !== undefined && first.name !== node.name) {
      this.context.reporter.report(
        "WRIT012",
        partSpan(node, "name"),
        `${quoted(node.name)} sets the limit that ${quoted(first.name)} sets already`,
        { class: "quality", severity: "error", related: [{ message: "it stands here", span: first.span }] },
      );
      return;
    }
    this.named.set(name, { name: node.name, span: partSpan(node, "name") });
    this.limits[name] = { value: number * unit, range: this.context.source.range(span) };
  }

  private limitTime(ms: number, span: Span): void {
    if (!isWithin(ms, LIMIT_RANGES.timeoutMs)) {
      return this.context.reporter.report("WRIT077", span, timeoutRange);
    }
    this.limits.timeoutMs = { value: ms, range: this.context.source.range(span) };
  }

  private wordOf(value: syntax.WithAttribute["value"]): string | undefined {
    const found = value.$type === "Unary" ? nameAndCall(value) : undefined;
    return found?.call === undefined ? found?.name.toLowerCase() : undefined;
  }

  private promise(node: syntax.WithAttribute): void {
    const { name } = node;
    const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
    const guess = instead === undefined ? this.context.reporter.nearest(name, KNOWN) : undefined;
    const span = partSpan(node, "name");
    this.context.reporter.report("WRIT075", span, `nothing keeps what ${quoted(name)} promises`, {
      help: instead,
      ...didYouMean(guess, span),
    });
  }
}

const timeoutRange = `a run may take from 1ms to ${durationText(DURATION_MS_MAX)}`;

const numberOf = ({ base, prefixes, suffixes }: syntax.Unary): number | undefined => {
  if (base.$type !== "Literal" || suffixes.length > 0 || prefixes.length > 0) return undefined;
  const literal = literalValue(base.text);
  return literal.k === "number" ? literal.value : undefined;
};

/** The shortest single unit that is exact: `300000` is `5m`, `1500` is `1500ms`. */
const durationUnit = (ms: number): string => {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
};

/** `512MB` and `2GB` as people mean them in front of a sandbox. */
const sizeInMebibytes = (text: string): number | undefined => {
  const found = /^([0-9]{1,7})(MB|GB)$/.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * (found[2] === "GB" ? 1024 : 1);
};
