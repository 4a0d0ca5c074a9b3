import { type ParseErrorCode, visit } from "jsonc-parser";

import { isWellFormed } from "#kernel/json.ts";
import type { Span } from "#protocol/source.ts";

import { LOAD_LIMITS } from "./limits.ts";
import type { TreeBuilder, TreeReport } from "./tree-builder.ts";

/** Reads JSON (RFC 8259) into a builder. Says where the first mistake is and stops there. */
export const readJsonInto = (
  text: string,
  builder: TreeBuilder,
  report: TreeReport,
  onSyntax: (message: string, span: Span) => void,
): void => {
  // The visitor calls itself for each level: what is too deep must not reach it.
  const deep = tooDeepAt(text, LOAD_LIMITS.depthMax);
  if (deep !== undefined) {
    report("too-deep", `nested deeper than ${LOAD_LIMITS.depthMax}`, [deep, deep + 1]);
    return;
  }
  let isBroken = false;
  const scalar = (value: null | boolean | number | string, span: Span): void => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      report("unfit-value", "this number is larger than any that is read", span);
    }
    if (typeof value === "string" && !isWellFormed(value)) {
      report("unfit-value", "this text holds half of a surrogate pair", span);
    }
    builder.scalar(typeof value === "string" ? value.toWellFormed() : value, span);
  };
  visit(
    text,
    {
      onObjectBegin: (offset, length) => void builder.open("object", [offset, offset + length]),
      onObjectProperty: (name, offset, length) => builder.key(name.toWellFormed(), [offset, offset + length]),
      onObjectEnd: () => builder.close(),
      onArrayBegin: (offset, length) => void builder.open("array", [offset, offset + length]),
      onArrayEnd: () => builder.close(),
      onLiteralValue: (value: unknown, offset, length) =>
        scalar(value as null | boolean | number | string, [offset, offset + length]),
      onError: (code, offset, length) => {
        if (!isBroken) onSyntax(wordsOf(code), [offset, offset + Math.max(length, 1)]);
        isBroken = true;
      },
    },
    { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
  );
};

/** The offset of the bracket that goes too deep, or undefined. Texts in quotes do not count. */
const tooDeepAt = (text: string, depthMax: number): number | undefined => {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (isText) {
      if (unit === 0x5c) at += 1;
      else if (unit === 0x22) isText = false;
      continue;
    }
    if (unit === 0x22) isText = true;
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1;
      if (depth > depthMax) return at;
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1;
  }
  return undefined;
};

/** By the numbers of jsonc-parser's `ParseErrorCode`, whose names do not exist at run time. */
const WORDS: { readonly [code: number]: string } = {
  1: "this sign has no meaning in JSON",
  2: "this is no number of JSON",
  3: "a key in double quotes has to stand here",
  4: "a value has to stand here",
  5: "a `:` has to stand here",
  6: "a `,` has to stand here",
  7: "a `}` has to stand here",
  8: "a `]` has to stand here",
  9: "the document has to end here",
  10: "JSON has no comments",
  12: "this text has no end",
  16: "this sign must be escaped in a text",
};

const wordsOf = (code: ParseErrorCode): string => WORDS[code] ?? "this is not JSON";
