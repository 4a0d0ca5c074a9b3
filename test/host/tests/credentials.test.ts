import fc from "fast-check";
import { expect, test } from "vitest";

import { TestCredentials } from "#host/tests/credentials.ts";
import { toBase64, utf8 } from "#kernel/bytes.ts";
import { document, never, planOf } from "#test/apitest/kit.ts";
import { testerOf } from "#test/apitest/orders-server.ts";
import { caseCount } from "#test/kit/cases.ts";

/** Members of any name, in which nothing may be but one number. */
const SCHEMA = {
  type: "object",
  additionalProperties: {
    type: "object",
    properties: { n: { type: "integer" } },
    additionalProperties: false,
  },
};

const DOCUMENT = document({
  responses: { "200": { description: "", content: { "application/json": { schema: SCHEMA } } } },
});

const PIECE = 8;

/** Every piece of a text that gives it away. */
const piecesOf = (text: string): readonly string[] =>
  Array.from({ length: text.length - PIECE + 1 }, (_, at) => text.slice(at, at + PIECE));

const plain = (text: string): string => text.replaceAll("~1", "/").replaceAll("~0", "~");

const WRITINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => encodeURIComponent(text),
  (text) => encodeURIComponent(text).replace(/%../g, (sign) => sign.toLowerCase()),
  (text) => toBase64(utf8(text)),
  (text) => encodeURIComponent(toBase64(utf8(text))),
  (text) => JSON.stringify(text).slice(1, -1),
];

test("no finding has a piece of a credential, whatever its signs and wherever the server repeats it", async () => {
  const { tests } = await planOf({ "api.yaml": DOCUMENT });
  const [first] = tests?.plan.cases ?? [];
  if (tests === null || first === undefined) throw new Error("no tests");
  // Signs that pointers, URLs, headers and JSON write in ways of their own come as often as all others.
  const sign = fc.oneof(
    fc.constantFrom("/", "~", "%", '"', "\\", ";", "&", "=", "+", "0", "1", "'"),
    fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  );
  const credential = fc.string({ unit: sign, minLength: 12, maxLength: 40 });
  const around = fc.constantFrom("", "/", "~", "0", "x-");
  await fc.assert(
    fc.asyncProperty(
      credential,
      around,
      around,
      fc.constantFrom(...WRITINGS),
      async (value, before, behind, write) => {
        const read = TestCredentials.read(
          [{ scheme: "key", variable: "KEY" }],
          { KEY: value },
          "http://127.0.0.1",
        );
        if (!read.ok) throw new Error(read.fault.message);
        const judge = read.value.hiddenFrom(testerOf(tests));
        const repeated = `${before}${write(value)}${behind}`;
        const bodies = [
          { [repeated]: 1 },
          { [repeated]: { [repeated]: 1 } },
          { [repeated]: { n: repeated } },
          { a: { n: repeated } },
        ];
        const answers = [
          ...bodies.map((body) => ({ type: "application/json", text: JSON.stringify(body) })),
          { type: `text/${repeated}`, text: "x" },
          { type: "application/json", text: repeated },
        ];
        for (const { type, text } of answers) {
          const headers = [["content-type", type]] as const;
          const judged = await judge.judge(first.id, { status: 200, headers, body: utf8(text) }, never());
          if (!judged.ok) throw new Error(judged.fault.message);
          const said = judged.value.flatMap(({ message, cause }) => [message, cause]);
          const kept = piecesOf(write(value)).filter((piece) =>
            said.some((each) => each.includes(piece) || plain(each).includes(piece)),
          );
          expect(kept, said.join("\n")).toEqual([]);
        }
      },
    ),
    { numRuns: caseCount(150) },
  );
});
