import type { PageCase } from "./page-case.ts";
import type { FaultKind } from "../second-verifier/rows.ts";
import { begunLog, LOG, workspace } from "./strange-log.ts";

/**
 * Texts in the place of line 3, none of which is an entry: what counts is whether they are called malformed or
 * not canonical. A text that is canonical is malformed since it has not the form of an entry.
 */

const inPlaceOfLine = (kind: FaultKind, text: string | Uint8Array, name = String(text)): PageCase => ({
  name: `${kind}: ${JSON.stringify(name)}`,
  log: () => {
    const log = begunLog();
    log.addRaw(text);
    return { files: log.files, log: LOG, workspaceKey: workspace.publicKey };
  },
  expected: { kind, index: 3 },
});

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

const notJson = [
  "\0",
  "\v",
  "\ufeff",
  "{",
  "[",
  "x",
  "-",
  ",",
  "",
  "nul",
  "NaN",
  "Infinity",
  "01",
  "1.",
  ".5",
  "1e",
  "0x1",
  "{}{}",
  '{"a":1,}',
  "[1,]",
  "{a:1}",
  "'a'",
  '"\t"',
  '"\\x41"',
  '"\\u12"',
  "\ufeff{}",
  "{}\0",
  "// {}",
];

const canonicalNoEntry = [
  "{}",
  "[]",
  "null",
  "0",
  "-1",
  "100000000000000000000",
  "1e+21",
  "1e-7",
  '"\u007f"',
  '"\u2028\ufeff"',
  '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/"',
  '{"":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}',
  '{"10":0,"9":0,"__proto__":0}',
  deep(64),
];

const notCanonical = [
  " {}",
  "{}\r",
  "{ }",
  "[1, 2]",
  "-0",
  "1.0",
  "1E2",
  "1e400",
  "-1e400",
  "1e21",
  "0.0000001",
  "12345678901234567890",
  '"\\/"',
  '"\\u001F"',
  '"\\u0041"',
  '"\\u000a"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '{"\\ud800":0}',
  '{"a":0,"a":0}',
  '{"a":0,"\\u0061":0}',
  '{"__proto__":0,"__proto__":0}',
  '{"b":0,"a":0}',
  '{"9":0,"10":0}',
  '{"\ufb33":0,"\ud83d\ude00":0}',
  `[ ${deep(63)}]`,
];

const notUtf8: Readonly<Record<string, readonly number[]>> = {
  "an encoded surrogate": [0x22, 0xed, 0xa0, 0x80, 0x22],
  "an overlong form": [0x22, 0xc0, 0x80, 0x22],
  "beyond the last code point": [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
  "half a character": [0x22, 0xe2, 0x82, 0x22],
  "a stray byte": [0x22, 0x80, 0x22],
};

export const textCases: readonly PageCase[] = [
  ...[...notJson, ...canonicalNoEntry].map((text) => inPlaceOfLine("malformed", text)),
  ...notCanonical.map((text) => inPlaceOfLine("not-canonical", text)),
  ...Object.entries(notUtf8).map(([name, bytes]) => inPlaceOfLine("malformed", Uint8Array.from(bytes), name)),
  inPlaceOfLine("malformed", deep(65), "65 levels"),
  inPlaceOfLine("malformed", deep(200_000), "200,000 levels"),
  inPlaceOfLine("malformed", "[".repeat(200_000), "200,000 levels without an end"),
  inPlaceOfLine("malformed", `{"a":${deep(64)},"a":0}`, "65 levels, hidden behind the same name"),
  inPlaceOfLine("malformed", `{"a":[ ${deep(63)}]}`, "65 levels and white space"),
];
