import { utf8, utf8Beginning, utf8Text } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Problem } from "#protocol/problem.ts";
import type { SourceRange, Span } from "#protocol/source.ts";

import { LOAD_LIMITS } from "./limits.ts";
import { lineIndexOf } from "./line-index.ts";
import { pointerParts } from "./pointer.ts";
import { API_PROBLEM_CODES, apiProblem, type ApiProblemCode } from "./problems.ts";
import { readJsonInto } from "./read-json.ts";
import { readYamlInto } from "./read-yaml.ts";
import { type Tree, TreeBuilder, type TreeTrouble } from "./tree-builder.ts";

/** One file as data, with the place of everything in it. */
export interface ApiDocument {
  /** Workspace-relative, `/`-separated. */
  readonly file: string;
  readonly value: JsonValue;
  /** Where a JSON pointer stands: a member's key, an item's beginning. The nearest parent where it does not exist. */
  rangeOf(pointer: string): SourceRange;
}

export interface ReadDocument {
  /** Null when nothing of it can be used. */
  readonly value: ApiDocument | null;
  readonly problems: readonly Problem[];
}

const CODES: Readonly<Record<TreeTrouble, ApiProblemCode>> = {
  "too-many-values": API_PROBLEM_CODES.tooLarge,
  "too-deep": API_PROBLEM_CODES.tooLarge,
  "duplicate-key": API_PROBLEM_CODES.duplicateKey,
  "unfit-value": API_PROBLEM_CODES.unfitValue,
  "unknown-alias": API_PROBLEM_CODES.syntax,
};

/**
 * Reads a document as JSON where its first sign is one of JSON's brackets and it is named `.json`, else as
 * YAML 1.2, of which JSON is a part. Total: every text has an answer, in time linear in its length.
 */
export const readDocument = (file: string, bytes: Uint8Array): ReadDocument => {
  if (bytes.length > LOAD_LIMITS.documentBytesMax) {
    return refused("", API_PROBLEM_CODES.tooLarge, `more than ${LOAD_LIMITS.documentBytesMax} bytes`);
  }
  const decoded = utf8Text(bytes);
  if (decoded === undefined) return notUtf8(bytes);
  // Editors do not count a byte order mark as a sign of the first line, and neither does a place here.
  const text = decoded.replace(/^\ufeff/, "");
  const lines = lineIndexOf(text);
  const problems: Problem[] = [];
  let more = 0;
  const say = (code: ApiProblemCode, message: string, span: Span): void => {
    if (problems.length >= LOAD_LIMITS.problemsMax) more += 1;
    else problems.push(apiProblem(code, message, lines.rangeOf(span)));
  };
  let isBroken = false;
  const builder = new TreeBuilder((trouble, message, span) => say(CODES[trouble], message, span));
  const onSyntax = (message: string, span: Span): void => {
    isBroken = true;
    say(API_PROBLEM_CODES.syntax, message, span);
  };
  const read = isJsonNamed(file) ? readJsonInto : readYamlInto;
  read(text, builder, (trouble, message, span) => say(CODES[trouble], message, span), onSyntax);
  const tree = builder.finish();
  if (more > 0) {
    const message = `and ${more} more problems of this kind in the file`;
    problems.push(apiProblem(API_PROBLEM_CODES.syntax, message, lines.rangeOf([0, 0])));
  }
  if (tree === undefined || isBroken) {
    if (problems.length === 0) say(API_PROBLEM_CODES.syntax, "the file is empty", [0, 0]);
    return { value: null, problems };
  }
  const rangeOf = (pointer: string): SourceRange => lines.rangeOf(spanOf(tree, pointer));
  return { value: { file, value: tree.value, rangeOf }, problems };
};

const isJsonNamed = (file: string): boolean => file.toLowerCase().endsWith(".json");

const refused = (text: string, code: ApiProblemCode, message: string): ReadDocument => ({
  value: null,
  problems: [apiProblem(code, message, lineIndexOf(text).rangeOf([0, 0]))],
});

/** Where a text stops to be UTF-8, and how to make it that. */
const notUtf8 = (bytes: Uint8Array): ReadDocument => {
  const before = utf8Beginning(bytes);
  const at = utf8(before).length;
  const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, "0");
  const isUtf16 =
    at === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  const [message, from] = isUtf16
    ? ["the file is UTF-16 text and has to be UTF-8", "UTF-16"]
    : [`the file is not UTF-8 text: byte ${at + 1} of it, 0x${byte}, is of no character`, "WINDOWS-1252"];
  const help = `save it as UTF-8 in an editor, or \`iconv -f ${from} -t UTF-8 old.yaml > new.yaml\`${isUtf16 ? "" : ", where that is what it was written in"}`;
  const end = before.length;
  const range = lineIndexOf(before).rangeOf([end, end]);
  return { value: null, problems: [apiProblem(API_PROBLEM_CODES.syntax, message, range, { help })] };
};

const spanOf = (tree: Tree, pointer: string): Span => {
  let span = tree.rootSpan;
  let value: JsonValue = tree.value;
  for (const part of pointerParts(pointer) ?? []) {
    if (typeof value !== "object" || value === null) break;
    const found: Span | undefined = tree.places.get(value)?.[part];
    if (found === undefined) break;
    span = found;
    value = (value as { readonly [key: string]: JsonValue })[part] ?? null;
  }
  return span;
};
