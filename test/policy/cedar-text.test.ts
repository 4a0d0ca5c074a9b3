import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { POLICY_WEIGHT_MAX, policyWeight } from "#policy/cedar-bounds.ts";
import { cedarEntity, cedarPattern, cedarString } from "#policy/cedar-literal.ts";
import { cedarTokens, stringValue } from "#policy/cedar-tokens.ts";
import { SourceText, utf16Offset } from "#policy/source-text.ts";
import type { Decider } from "#ports/decider.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

/** Whether real Cedar finds that a condition holds for a text. */
const holds = async (condition: string, text: string): Promise<boolean | undefined> => {
  const loaded = await decider.load(
    [{ name: "asked", policies: { p: `permit (principal, action, resource) when { ${condition} };` } }],
    signal,
  );
  if (!loaded.ok || loaded.value.length > 0) throw new Error(JSON.stringify(loaded));
  const answer = await decider.decide(
    {
      principal: { type: "User", id: text },
      action: { type: "Action", id: "a" },
      resource: { type: "File", id: "f" },
      context: { text },
      entities: [],
    },
    ["asked"],
    signal,
  );
  if (!answer.ok) throw new Error(answer.fault.message);
  expect(answer.value[0]?.errors).toEqual([]);
  return answer.value[0]?.allowed;
};

/** Any text, and often what could end a literal. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('"', "\\", "*", "\n", "\r", "}", ";", "/", "{", "u", "\0", "\u2028", "é", "😀"),
    maxLength: 12,
  }),
);

describe("literals", () => {
  test("a string literal has exactly the value that it was made for", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (text, other) => {
        expect(await holds(`context.text == ${cedarString(text)}`, text)).toBe(true);
        expect(await holds(`context.text == ${cedarString(text)}`, other)).toBe(text === other);
      }),
      { numRuns: caseCount(300) },
    );
  });

  test("an entity literal has exactly the id that it was made for", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect(await holds(`principal == ${cedarEntity("User", text)}`, text)).toBe(true);
      }),
      { numRuns: caseCount(100) },
    );
  });

  test("a pattern asks what JavaScript asks", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, anyText, async (part, before, after) => {
        for (const text of [part, before + part, part + after, before + part + after, before]) {
          const starts = cedarPattern(part, { before: false, after: true });
          const ends = cedarPattern(part, { before: true, after: false });
          const contains = cedarPattern(part, { before: true, after: true });
          expect(await holds(`context.text like ${starts}`, text)).toBe(text.startsWith(part));
          expect(await holds(`context.text like ${ends}`, text)).toBe(text.endsWith(part));
          expect(await holds(`context.text like ${contains}`, text)).toBe(text.includes(part));
        }
      }),
      { numRuns: caseCount(60) },
    );
  });

  test("our reader finds in a literal what was put in", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [token, ...more] = cedarTokens(cedarString(text));
        expect(more).toEqual([]);
        expect(token === undefined ? undefined : stringValue(token)).toBe(text);
      }),
    );
  });

  test("a lone surrogate has no literal", () => {
    expect(() => cedarString("\ud800")).toThrow(/surrogate/);
  });
});

describe("tokens", () => {
  const kinds = (text: string): string =>
    cedarTokens(text)
      .map((token) => `${token.kind}:${token.text}`)
      .join(" ");

  test.each([
    ["a.b", "word:a mark:. word:b"],
    ['A::"x"', 'word:A mark::: string:"x"'],
    ["a // b\nc", "word:a word:c"],
    ["a // b\rc", "word:a word:c"],
    ['"// not a comment"', 'string:"// not a comment"'],
    ['"a\\"b" c', 'string:"a\\"b" word:c'],
    ['"never closed', 'unknown:" word:never word:closed'],
    ['"never "closed" ("', 'string:"never " word:closed string:" ("'],
    ['a "(\\', 'word:a unknown:" mark:( unknown:\\'],
    ["?principal", "slot:?principal"],
    ["a /* b", "word:a unknown:/ mark:* word:b"],
    ["é", "unknown:é"],
    ["1<=2&&3", "number:1 mark:<= number:2 mark:&& number:3"],
  ])("%j is %s", (text, expected) => {
    expect(kinds(text)).toBe(expected);
  });

  test("nothing is lost or read twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        let end = 0;
        for (const token of cedarTokens(text)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(text.slice(token.start, token.end)).toBe(token.text);
          end = token.end;
        }
      }),
    );
  });

  test.each([
    ["quotes that escape each other", '"\\'],
    ["quotes", '"'],
    ["quotes before a broken escape", '"\\\n'],
    ["slashes", "/"],
    ["open brackets", "("],
  ])("half a million characters of %s are read in time", (_what, part) => {
    const text = part.repeat(500_000 / part.length);
    expect(cedarTokens(text).length).toBeLessThanOrEqual(text.length);
    expect(policyWeight(cedarTokens(text))).toBeGreaterThanOrEqual(0);
  });
});

describe("weight", () => {
  const weight = (condition: string): number =>
    policyWeight(cedarTokens(`permit (principal, action, resource) when { ${condition} };`));

  test("grows with depth, and with chains at every level", () => {
    const grows = (repeated: (count: number) => string): void => {
      expect(weight(repeated(20)) - weight(repeated(10))).toBeGreaterThanOrEqual(10);
    };
    grows((count) => `${"(".repeat(count)}true${")".repeat(count)}`);
    grows((count) => `${'{"a": '.repeat(count)}1${"}".repeat(count)} == 1`);
    grows((count) => `${"true || ".repeat(count)}true`);
    grows((count) => `${"if true then true else ".repeat(count)}true`);
    grows((count) => `context${'["a"]'.repeat(count)} == 1`);
    grows((count) => `[1]${".contains(1)".repeat(count)}`);
    grows((count) => `true } ${"when { true } ".repeat(count)} when { true`);
  });

  test("does not grow with what stands side by side", () => {
    const list = (count: number): string =>
      `[${Array.from({ length: count }, (_, index) => index).join(", ")}].contains(1)`;
    expect(weight(list(10_000))).toBe(weight(list(2)));
    const actions = (count: number): string => `action in [${Array(count).fill('Action::"a"').join(", ")}]`;
    expect(weight(actions(500))).toBe(weight(actions(2)));
  });

  test("brackets in strings and comments do not count", () => {
    expect(weight('"((((((((" == "x" // ((((((\n')).toBe(weight('"" == "x"'));
  });

  test("whatever is within the bound, Cedar survives", async () => {
    const wrap: readonly ((inner: string) => string)[] = [
      (inner) => `(${inner})`,
      (inner) => `[${inner}].isEmpty()`,
      (inner) => `{"a": ${inner}} == {"a": true}`,
      (inner) => `if ${inner} then true else false`,
      (inner) => `if true then false else ${inner}`,
      (inner) => `true && ${inner}`,
      (inner) => `${inner} || false`,
      (inner) => `!(${inner})`,
      (inner) => `context has text && (${inner})`,
      (inner) => `(${inner}) && 1 + 1 + 1 == 3`,
    ];
    let heaviest = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(wrap.length - 1), { minLength: 1, maxLength: 4 }), async (order) => {
        let condition = "true";
        for (let turn = 0; ; turn += 1) {
          const next = wrap[order[turn % order.length] ?? 0]?.(condition) ?? condition;
          if (weight(next) > POLICY_WEIGHT_MAX || next.length > 60_000) break;
          condition = next;
        }
        heaviest = Math.max(heaviest, weight(condition));
        // Whether it is true does not matter; that the module still answers does.
        await holds(condition, "x").catch(() => undefined);
        expect(await holds("true", "x")).toBe(true);
      }),
      { numRuns: caseCount(80) },
    );
    expect(heaviest).toBeGreaterThan(POLICY_WEIGHT_MAX - 8);
  });
});

describe("places", () => {
  test("bytes of UTF-8 become offsets of UTF-16", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, after) => {
        expect(utf16Offset(before + after, Buffer.byteLength(before))).toBe(before.length);
      }),
    );
  });

  test("a byte inside a character is its start, one behind the text its end", () => {
    expect(utf16Offset("a😀b", 3)).toBe(1);
    expect(utf16Offset("ab", 99)).toBe(2);
  });

  test.each([
    ["\n", 2, 1],
    ["\r\n", 2, 1],
    ["\r", 2, 1],
    ["\n\n", 3, 1],
  ])("behind %j a line begins", (end, line, column) => {
    const text = `ab${end}cd`;
    expect(new SourceText(text).range([text.length - 2, text.length])).toMatchObject({
      line,
      column,
      endColumn: 3,
    });
  });
});
