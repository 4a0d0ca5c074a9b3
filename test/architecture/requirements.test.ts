import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { landedStages, type Requirement, requirements, stateOf } from "../requirements.ts";
import type { Row, Stage } from "../requirements/row.ts";
import { readCitations } from "./citations.ts";
import { markdownTable, plainText } from "./markdown.ts";
import { gatherCitations, reviewPromises } from "./promises.ts";
import { printPromises, withFeatures } from "./promises-page.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const gathered = gatherCitations(top);
const evidence = { requirements, citations: gathered.citations, landed: landedStages };

describe("every promise is a row with its test or its reason", () => {
  verifies("docs.beyond.promise-ledger");

  test("rows and citations agree", () => {
    expect(reviewPromises(requirements, gathered.citations, landedStages)).toEqual([]);
  });

  test("every citation stands in a test that runs", () => {
    expect(gathered.problems).toEqual([]);
    expect(gathered.testFiles).toBeGreaterThan(2);
  });

  test("no row has vanished, changed its kind or moved to another part of the work", () => {
    const rows = requirements
      .map(({ id, area, row }) => [id, area, row.kind, ...row.stages].join(" "))
      .sort();
    expect(rows).toHaveLength(345);
    // A row is added, withdrawn or moved on purpose: by a change to this line, with the reason in its commit.
    expect(createHash("sha256").update(rows.join("\n")).digest("hex")).toBe(
      "554de11e9605e7a9f085c0abf8848b5eb89082262c09fc0b0a612fef4a8e3328",
    );
  });

  test("docs/promises.md is as printed (npm run docs:promises)", () => {
    expect(readFileSync(`${top}docs/promises.md`, "utf8")).toBe(printPromises(evidence));
  });

  test("README.md carries the table of features as printed (npm run docs:promises)", () => {
    const readme = existsSync(`${top}README.md`) ? readFileSync(`${top}README.md`, "utf8") : undefined;
    expect(readme).toBe(readme === undefined ? undefined : withFeatures(readme, evidence));
  });
});

describe("citations are read from the source", () => {
  const read = (body: string, path = "test/gate/planted.test.ts") =>
    readCitations({ path, text: `import { verifies } from "#test/kit/verifies.ts";\n${body}` });

  test.each([
    ["in a test", 'test("a", () => { verifies("x"); });', ["a"]],
    ["in a test spelt it", 'it("a", () => { verifies("x"); });', ["a"]],
    ["in a group, for all its tests", 'describe("g", () => { verifies("x"); test("a", () => {}); });', ["g"]],
    ["in a group", 'describe("g", () => { test("a", () => { verifies("x"); }); });', ["g", "a"]],
    ["in a table of cases", 'test.each([1])("a %d", () => { verifies("x"); });', ["a %d"]],
    ["in a tagged table", 'test.each`n\n${1}`("a", () => { verifies("x"); });', ["a"]],
    ["in a test with other modifiers", 'test.concurrent("a", async () => { verifies("x"); });', ["a"]],
    ["in a test that is said to run", 'test("a", { skip: false }, () => { verifies("x"); });', ["a"]],
    ["beside a group that is left out", 'describe.skip("b"); test("a", () => { verifies("x"); });', ["a"]],
    ["in a loop", 'for (const n of all) test(`a ${n}`, () => { verifies("x"); });', ["a ${n}"]],
    ["in a group of generated tests", 'describe("g", () => { verifies("x"); contract(); });', ["g"]],
    [
      "in a group with one sure test",
      'describe("g", () => { verifies("x"); it.skip("b"); it("a", f); });',
      ["g"],
    ],
  ])("%s", (_where, body, titles) => {
    expect(read(body)).toEqual({
      citations: [{ id: "x", file: "test/gate/planted.test.ts", titles }],
      problems: [],
    });
  });

  test("several ids in one call, and the function under another name", () => {
    const text = 'import { verifies as v } from "../kit/verifies.ts"; test("a", () => { v("x", "y"); });';
    const { citations } = readCitations({ path: "test/a.test.ts", text });
    expect(citations.map((citation) => citation.id)).toEqual(["x", "y"]);
  });

  test.each([
    ["outside every test", 'verifies("x");', "belongs in a test or a describe"],
    ["in a function of the file", 'function f() { verifies("x"); }', "belongs in a test or a describe"],
    ["in the table of a test", 'test.each([verifies("x")])("a", f);', "belongs in a test or a describe"],
    ["in a test left out", 'test.skip("a", () => { verifies("x"); });', '"a" may not run: skip'],
    ["in a test to be written", 'it.todo("a", () => { verifies("x"); });', '"a" may not run: todo'],
    ["in a test that has to fail", 'test.fails("a", () => { verifies("x"); });', '"a" may not run: fails'],
    [
      "in a test for some machines",
      'test.runIf(m)("a", () => { verifies("x"); });',
      '"a" may not run: runIf',
    ],
    [
      "in a group for some machines",
      'describe.skipIf(m)("g", () => { it("a", () => { verifies("x"); }); });',
      '"g" may not run: skipIf',
    ],
    ["in a table left out", 'it.skip.each([1])("a", () => { verifies("x"); });', '"a" may not run: skip'],
    [
      "in a test left out by option",
      'it("a", { todo: true }, () => { verifies("x"); });',
      '"a" may not run: todo',
    ],
    [
      "in a test that may leave itself out",
      'it("a", ({ skip }) => { skip(); verifies("x"); });',
      '"a" may not run: skip() inside',
    ],
    [
      "in a test that leaves itself out",
      'it("a", (c) => { c.skip(!m); verifies("x"); });',
      '"a" may not run: skip() inside',
    ],
    [
      "in a group of tests left out",
      'describe("g", () => { verifies("x"); it.skip("a", f); });',
      'no test in "g" is sure to run',
    ],
    [
      "in a group of groups left out",
      'describe("g", () => { verifies("x"); describe.skip("h", () => { it("a", f); }); });',
      'no test in "g" is sure to run',
    ],
    ["under a condition", 'if (m) test("a", () => { verifies("x"); });', "under a condition"],
    ["under a condition inside", 'test("a", () => { m && verifies("x"); });', "under a condition"],
    ["with a computed id", 'test("a", () => { verifies(`x${1}`); });', "takes ids as string literals"],
    ["with no id", 'test("a", () => { verifies(); });', "takes ids as string literals"],
    ["handed on", 'test("a", () => { ["x"].forEach(verifies); });', "is not called here"],
  ])("not counted %s", (_where, body, problem) => {
    const { citations, problems } = read(body);
    expect(citations).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems[0]).toMatch(/^test\/gate\/planted\.test\.ts:2: /);
  });

  test("not counted in a file that vitest does not collect", () => {
    const { citations, problems } = read('test("a", () => { verifies("x"); });', "test/contracts/clock.ts");
    expect(citations).toEqual([]);
    expect(problems).toEqual([expect.stringContaining("belongs in a *.test.ts file")]);
  });

  test("a file that does not parse is refused, not passed over", () => {
    expect(() => read("const = ;")).toThrow(/does not parse/);
  });
});

describe("the review finds what it is for", () => {
  const stages = ["foundation", "gate"] as const satisfies Row["stages"];
  const keep: Row = { kind: "keep", promise: "It works.", how: "A test shows it.", stages };
  const adapt: Row = { ...keep, kind: "adapt", reason: "Another way is better." };
  const refuse: Row = { ...keep, kind: "refuse", reason: "It cannot be." };
  const review = (row: Row, cited: readonly string[], landed: readonly Stage[]) =>
    reviewPromises(
      [
        { id: "a.row", area: "a", row },
        { id: "b.row", area: "b", row: refuse },
      ],
      cited.map(citing),
      landed,
    );
  const citing = (id: string) => ({ id, file: "test/a.test.ts", titles: ["a", "b"] });

  test("a row is open until every part it names has landed", () => {
    expect(stateOf(keep, ["foundation"])).toBe("open");
    expect(stateOf(keep, ["gate", "foundation"])).toBe("kept");
    expect(stateOf({ ...keep, kind: "beyond" }, stages)).toBe("kept");
    expect(stateOf(adapt, ["gate"])).toBe("open");
    expect(stateOf(adapt, stages)).toBe("adapted");
    expect(stateOf(refuse, [])).toBe("refused");
  });

  test("nothing wrong with a cited row, an open row, a refused row", () => {
    expect(review(keep, ["a.row"], stages)).toEqual([]);
    expect(review(adapt, ["a.row"], stages)).toEqual([]);
    expect(review(keep, ["b.row"], ["foundation"])).toEqual([]);
  });

  test.each([
    ["a kept row without a test", keep, ["b.row"], ["a.row: kept, but no test cites it"]],
    ["an adapted row without a test", adapt, ["b.row"], ["a.row: adapted, but no test cites it"]],
    [
      "an adapted row without a reason",
      { ...adapt, reason: " " },
      ["a.row"],
      ["a.row: the reason is not a sentence"],
    ],
    [
      "a refused row without a reason",
      { ...refuse, reason: "" },
      ["b.row"],
      ["a.row: the reason is not a sentence"],
    ],
    [
      "a promise that breaks off",
      { ...keep, promise: "It works" },
      ["a.row"],
      ["a.row: the promise is not a sentence"],
    ],
    ["an open code span", { ...keep, how: "See `x." }, ["a.row"], ["a.row: the how is not a sentence"]],
    [
      "a citation of nothing",
      keep,
      ["a.row", "c.row"],
      ['test/a.test.ts: "a > b" cites c.row, which is no promise'],
    ],
  ] satisfies [string, Row, string[], string[]][])("%s", (_what, row, cited, problems) => {
    expect(review(row, cited, stages)).toEqual(problems);
  });

  test("tests that cite nothing at all", () => {
    expect(review(refuse, [], [])).toEqual(["no test cites any promise"]);
  });

  test("a row that stands twice", () => {
    const twice: Requirement = { id: "a.row", area: "a", row: refuse };
    expect(reviewPromises([twice, twice], [citing("a.row")], [])).toEqual([
      "a.row: stands in the table twice",
    ]);
  });
});

describe("the page is printed for its reader", () => {
  const first = requirements.find(({ id }) => id === "gate.secure-by-default");
  const page = (landed: readonly Stage[], titles: readonly string[]) => {
    const citations = titles.map((title) => ({
      id: "gate.secure-by-default",
      file: "test/a.test.ts",
      titles: [title],
    }));
    return printPromises({ requirements, citations, landed })
      .split("\n")
      .find((line) => line.includes("`gate.secure-by-default`"));
  };

  test("an open row says what it waits for, a kept one does not", () => {
    expect(page(["foundation"], [])).toContain("**open**<br><sub>waits for gate</sub>");
    expect(page(["foundation", "gate"], ["t"])).toContain("**kept** |");
    expect(page([], [])).toContain(first?.row.promise);
  });

  test("tests are named by file and title, the first few of each file", () => {
    expect(page([], ["one"])).toContain("[test/a.test.ts](../test/a.test.ts): one |");
    expect(page([], ["a", "b", "c", "d", "e"])).toContain("a; b; c; and 2 more |");
  });

  test("a title is text, never markup", () => {
    expect(page([], ["<b>|`x`|</b>\n*"])).toContain(String.raw`: \<b\>\|\`x\`\|\</b\> \* |`);
    expect(plainText("a_b [c](d)")).toBe(String.raw`a\_b \[c\](d)`);
  });

  test("a column in which no row has anything is left out", () => {
    expect(markdownTable(["A", "B", "C"], [["1", "", "x|y"]])).toEqual([
      "| A | C |",
      "| --- | --- |",
      String.raw`| 1 | x\|y |`,
    ]);
  });

  test("README.md gets one line per area between its markers and nothing else", () => {
    const readme = "top\n<!-- promises:begin -->\nold\n<!-- promises:end -->\nend\n";
    const printed = withFeatures(readme, { requirements, citations: [], landed: ["foundation"] });
    expect(printed).toMatch(/^top\n<!-- promises:begin -->\n\n\| Area /);
    expect(printed).toMatch(/\|\n\n<!-- promises:end -->\nend\n$/);
    expect(printed).toContain("[Gate and limits](docs/promises.md#gate-and-limits)");
    expect(withFeatures(printed, { requirements, citations: [], landed: ["foundation"] })).toBe(printed);
  });

  test("a README without the markers is refused with their names", () => {
    expect(() => withFeatures("top\n", evidence)).toThrow(
      "README.md lacks the markers <!-- promises:begin -->",
    );
  });
});
