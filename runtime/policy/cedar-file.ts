import { utf8 } from "#kernel/bytes.ts";
import { isWellFormed } from "#kernel/json.ts";
import type { PolicySource, RuleCitation } from "#protocol/policy-vocabulary.ts";
import { CITED_CHARACTERS_MAX, POLICY_VOCABULARY_VERSION } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import {
  POLICIES_MAX,
  POLICY_BYTES_MAX,
  POLICY_TEXT_BYTES_MAX,
  POLICY_WEIGHT_MAX,
  policyWeight,
} from "./cedar-bounds.ts";
import { policyHead } from "./cedar-head.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { cedarTokens } from "./cedar-tokens.ts";
import type { CompiledPolicy, CompiledSource, UnreadPolicy } from "./compiled-policy.ts";
import { impossiblePaths } from "./impossible-paths.ts";
import { impossibleValues } from "./impossible-values.ts";
import { neverMatching } from "./never-matches.ts";
import { partsOfClauses } from "./policy-parts.ts";
import { policyError } from "./policy-problem.ts";
import { readAnnotations } from "./requirement-annotations.ts";
import { SourceText } from "./source-text.ts";
import { unaskedActions } from "./unasked-actions.ts";

/**
 * Reads a `.cedar` text: cuts it into its policies, finds the requirements among them, and bounds
 * each before Cedar sees it. Total: whatever the text holds, the answer is a source with problems.
 * What is Cedar's to judge (syntax, types) is found when the engine loads the source.
 */
export const compileCedar = (source: PolicySource, tools: readonly ToolDescriptor[]): CompiledSource => {
  const { layer, file } = source;
  const problems: Problem[] = [];
  const policies: CompiledPolicy[] = [];
  const unread: UnreadPolicy[] = [];
  const names = new Set(tools.map(({ name }) => name));
  const whole = new SourceText(source.text);
  const compiled = (): CompiledSource => ({
    layer,
    file,
    agent: null,
    inputs: [],
    policies,
    unread,
    problems: problems.map((problem) => ({ file, problem })),
  });
  const refuse = (kind: "tooLarge" | "form", message: string, span: Span, help: string): CompiledSource => {
    problems.push(policyError(kind, message, whole.range(span), { help }));
    return compiled();
  };

  // A text of that length is not walked over at all.
  if (utf8(source.text).length > POLICY_TEXT_BYTES_MAX) {
    return refuse(
      "tooLarge",
      `the file has more than ${POLICY_TEXT_BYTES_MAX} bytes`,
      [0, 0],
      "split it into several files",
    );
  }
  if (!isWellFormed(source.text)) {
    return refuse("form", "the text holds half of a surrogate pair", [0, 0], "save the file as UTF-8");
  }
  const start = source.text.startsWith("\ufeff") ? 1 : 0;
  const [written] = VERSION.exec(source.text.slice(start)) ?? [];
  if (written !== undefined && written !== VERSION_LINE) {
    return refuse(
      "form",
      namesOurVersion(written)
        ? `the line that names the version is not written as \`${VERSION_LINE}\``
        : "the file is written for a version of the policy vocabulary that this build does not read",
      [start, start + written.length],
      namesOurVersion(written)
        ? "write it exactly so, with nothing in front of it and nothing behind"
        : `this build reads \`${VERSION_LINE}\``,
    );
  }
  const tokens = cedarTokens(source.text.slice(start)).map((token) => shifted(token, start));
  if (tokens[0]?.text === "[") {
    return refuse(
      "form",
      "policies in a JSON list are not read",
      [tokens[0].start, tokens[0].end],
      "write each `source` of the list as plain Cedar text into this file and leave out what is not `active`",
    );
  }
  const statements = statementsOf(tokens);
  if (statements.length > POLICIES_MAX) {
    return refuse("tooLarge", `the file has more than ${POLICIES_MAX} policies`, [0, 0], "split it");
  }

  for (const [index, statement] of statements.entries()) {
    const span: Span = [statement[0]?.start ?? 0, statement.at(-1)?.end ?? 0];
    const cedar = source.text.slice(...span);
    const range = whole.range(span);
    const tooLarge = boundsProblem(statement, cedar);
    if (tooLarge !== null) {
      problems.push(policyError("tooLarge", tooLarge.message, range, { help: tooLarge.help }));
      continue;
    }
    const slot = statement.find((token) => token.kind === "slot");
    if (slot !== undefined) {
      problems.push(
        policyError("form", "templates are not read", whole.range([slot.start, slot.end]), {
          help: "name the principal or the resource, or leave that part of the scope open",
        }),
      );
      continue;
    }
    problems.push(
      ...neverMatching(statement, whole, names),
      ...impossiblePaths(statement, whole, tools),
      ...impossibleValues(statement, whole),
      // The built-in policies are written for every release.
      ...(layer === "builtin" ? [] : unaskedActions(statement, whole)),
    );
    const head = policyHead(statement);
    if (head === undefined) {
      unread.push({ id: `${file}#${index + 1}`, cedar, startsAt: span[0], range });
      continue;
    }
    const { obligations, mistakes } = readAnnotations(head.annotations, head.effect);
    for (const { message, help, span: at } of mistakes) {
      problems.push(policyError("annotation", message, whole.range(at), { help }));
    }
    const citation: RuleCitation = {
      layer,
      rule: `${file}#${index + 1}`,
      effect: obligations === null ? head.effect : "require",
      file,
      range,
      text: cedar.slice(0, CITED_CHARACTERS_MAX),
    };
    policies.push({
      id: citation.rule,
      kind: obligations === null ? "rule" : "requirement",
      effect: head.effect,
      action: head.action,
      principal: head.principal,
      resource: head.resource,
      parts: partsOfClauses(head.clauses, source.text),
      annotations: Object.fromEntries(head.annotations.map(({ key, value }) => [key, value])),
      cedar,
      startsAt: span[0],
      citation,
      obligations: obligations ?? [],
    });
  }
  return compiled();
};

/** A first line that says which version of the vocabulary the file is written for; a file without is of version 1. */
/** No letter and no digit stands between the slashes and the word; what else does may not be seen at all. */
const VERSION = /^\/\/[^\p{L}\p{N}\r\n]*policy-vocabulary[^\r\n]*/iu;
const VERSION_LINE = `// policy-vocabulary: ${POLICY_VOCABULARY_VERSION}`;

/** Whether a line that names a version means ours, or none at all. */
const namesOurVersion = (written: string): boolean => {
  const [, named = ""] = /policy-vocabulary\P{N}*([\p{N}.]*)/iu.exec(written) ?? [];
  return named === "" || named === String(POLICY_VOCABULARY_VERSION);
};

const shifted = (token: CedarToken, by: number): CedarToken =>
  by === 0 ? token : { ...token, start: token.start + by, end: token.end + by };

/** The tokens between semicolons, each with its own; what follows the last one is a statement too. */
const statementsOf = (tokens: readonly CedarToken[]): readonly (readonly CedarToken[])[] => {
  const statements: CedarToken[][] = [];
  let current: CedarToken[] = [];
  for (const token of tokens) {
    current.push(token);
    if (token.text === ";") {
      statements.push(current);
      current = [];
    }
  }
  if (current.length > 0) statements.push(current);
  return statements;
};

const boundsProblem = (
  tokens: readonly CedarToken[],
  cedar: string,
): { readonly message: string; readonly help: string } | null => {
  if (utf8(cedar).length > POLICY_BYTES_MAX) {
    return { message: `the policy has more than ${POLICY_BYTES_MAX} bytes`, help: "split it into several" };
  }
  if (policyWeight(tokens) > POLICY_WEIGHT_MAX) {
    return {
      message: "the policy nests too deep or chains too many operators",
      help: "write a long `||` of comparisons as `[…].contains(x)`, and split the rest into several policies",
    };
  }
  return null;
};
