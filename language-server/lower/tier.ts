import { SANDBOX_TIERS, type SandboxTier } from "#protocol/agent-spec.ts";
import type * as syntax from "../generated/ast.ts";
import { spanOf } from "../parser/tree.ts";
import { didYouMean, listed, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { nameAndCall } from "./pattern.ts";

const TIERS: Readonly<Record<string, SandboxTier>> = {
  wasm: "wasm",
  embedded: "wasm",
  docker: "docker",
  tier1: "docker",
  gvisor: "gvisor",
  tier2: "gvisor",
};

/** What a mistyped tier may have been; a number is not guessed at. */
const WORDS = Object.keys(TIERS).filter((word) => !/[0-9]/.test(word));

/** Why well-known other tiers are not taken. */
const ABSENT: Readonly<Record<string, string>> = {
  tier3: "Micro-virtual machines are not built in; the strongest tier is `gvisor`.",
  firecracker: "Micro-virtual machines are not built in; the strongest tier is `gvisor`.",
  e2b: "Sandboxes of others are not used; the strongest tier is `gvisor`.",
  none: "Nothing runs without a sandbox; the weakest tier is `wasm`.",
  tier0: "Nothing runs without a sandbox; the weakest tier is `wasm`.",
};

/** The tier that a value names, in any case and with or without quotes. */
export const lowerTier = (
  context: LowerContext,
  node: syntax.Unary,
  attribute: string,
): SandboxTier | undefined => {
  const found = nameAndCall(node);
  const name =
    found?.call === undefined && node.prefixes.length === 0 ? found?.name.toLowerCase() : undefined;
  const tier = name === undefined || !Object.hasOwn(TIERS, name) ? undefined : TIERS[name];
  if (tier !== undefined) return tier;
  const span = spanOf(node);
  const written = context.source.slice(span);
  const guess = name === undefined ? undefined : context.reporter.nearest(name, WORDS);
  const absent = name !== undefined && Object.hasOwn(ABSENT, name) ? ABSENT[name] : undefined;
  context.reporter.report("WRIT017", span, `${quoted(written)} is not a value of \`${attribute}\``, {
    help: absent ?? `Write ${listed(SANDBOX_TIERS)}.`,
    ...(absent === undefined ? didYouMean(guess, span, `"${guess}"`) : {}),
  });
  return undefined;
};
