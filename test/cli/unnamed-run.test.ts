import { expect, test } from "vitest";

import { refuseUnnamed } from "#cli/host-connection.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const runs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ run: `${String(index).padStart(4, "0")}-abcdef` }));

const told = (count: number, text: string): string => {
  const terminal = createTerminalFake([], { columns: 80, interactive: false });
  expect(refuseUnnamed({ terminal, switches: new Set() }, runs(count), text)).toBe(2);
  return terminal.errLines.join("\n");
};

test("an id that no run has is said to be that", () => {
  expect(told(3, "ffffff")).toContain("no run here has that id");
  expect(told(0, "abcdef")).toContain("no run here has that id");
});

test("of an ending that several runs have the whole ids are listed", () => {
  const text = told(2, "ABCDEF");
  expect(text).toContain("2 runs here have an id that ends so");
  expect(text).toContain("0000-abcdef, 0001-abcdef");
});

test("of very many only some are", () => {
  const text = told(500, "abcdef");
  expect(text).toContain("500 runs");
  expect(text).toContain("0009-abcdef, and 490 more");
  expect(text).not.toContain("0010-abcdef");
});
