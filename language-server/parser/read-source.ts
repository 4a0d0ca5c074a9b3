import { utf8Text } from "#kernel/bytes.ts";
import { unreachable } from "#kernel/invariant.ts";
import { SOURCE_BYTES_MAX } from "#protocol/agent-spec-bounds.ts";
import type { Problem } from "#protocol/problem.ts";
import type { SymbiFile } from "../generated/ast.ts";
import { Reporter } from "../semantics/reporter.ts";
import { NESTING_MAX, TOKENS_MAX } from "./limits.ts";
import { parse } from "./parser.ts";
import { type Scan, scan } from "./scan.ts";
import { SourceText } from "./source-text.ts";
import { reportSyntaxErrors } from "./syntax-errors.ts";

export type Reading =
  | { readonly k: "refused"; readonly problems: readonly Problem[] }
  | {
      readonly k: "read";
      readonly source: SourceText;
      /** With holes where there are syntax problems. */
      readonly tree: SymbiFile;
      readonly scan: Scan;
      readonly isBroken: boolean;
      /** Whether the tree is empty because there were too many mistakes to go on. */
      readonly isGivenUp: boolean;
      /** Holds the syntax problems, and is where whoever goes on adds theirs. */
      readonly reporter: Reporter;
    };

/** From bytes to a tree, in time that grows with the length of the text whatever it holds. */
export const readSource = (path: string, bytes: Uint8Array): Reading => {
  if (bytes.length > SOURCE_BYTES_MAX) {
    return refused(
      path,
      "",
      [0, 0],
      `the file has ${bytes.length} bytes; at most ${SOURCE_BYTES_MAX} are read`,
    );
  }
  const text = utf8Text(bytes);
  if (text === undefined) {
    const what = bytes.includes(0) ? "the file is not text" : "the file is not UTF-8";
    return refused(
      path,
      "",
      [0, 0],
      `${what}: the byte at offset ${firstMalformed(bytes)} begins no character`,
    );
  }
  const source = new SourceText(path, text);
  const scanned = scan(text);
  if (scanned.refusal !== null) return refusedByScan(path, text, scanned.refusal);
  const readable = scanned.endless === null ? text : text.slice(0, scanned.endless.at);
  try {
    const parsed = parse(readable);
    const reporter = new Reporter(source);
    reportSyntaxErrors(reporter, scanned, parsed);
    const isBroken = reporter.problems().length > 0;
    const { tree, isGivenUp } = parsed;
    return { k: "read", source, tree, scan: scanned, isBroken, isGivenUp, reporter };
  } catch (error) {
    // Whoever calls with most of the stack used up gets the answer that a deeper text would get.
    if (!isStackOverflow(error)) throw error;
    return refusedByScan(path, text, { k: "too-deep", at: 0 });
  }
};

const refusedByScan = (path: string, text: string, refusal: NonNullable<Scan["refusal"]>): Reading => {
  const span = [refusal.at, Math.min(refusal.at + 1, text.length)] as const;
  switch (refusal.k) {
    case "binary":
      return refused(path, text, span, "the file is not text: it holds a NUL character");
    case "too-many-tokens":
      return refused(path, text, span, `the file has more than ${TOKENS_MAX} words and signs`);
    case "too-deep": {
      const reporter = new Reporter(new SourceText(path, text));
      reporter.report("WRIT065", span, `the text is nested more than ${NESTING_MAX} deep`);
      return { k: "refused", problems: reporter.problems() };
    }
    default:
      return unreachable(refusal.k);
  }
};

const refused = (path: string, text: string, span: readonly [number, number], message: string): Reading => {
  const reporter = new Reporter(new SourceText(path, text));
  reporter.report("WRIT080", span, message);
  return { k: "refused", problems: reporter.problems() };
};

/** Offset of the first byte that no well-formed UTF-8 has there, by halving. */
const firstMalformed = (bytes: Uint8Array): number => {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isPrefixOfUtf8(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
};

const isPrefixOfUtf8 = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
};

const isStackOverflow = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "RangeError";
