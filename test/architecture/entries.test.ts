import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { entries } from "../../build.ts";

test("what counts as used in the product is reached from what the build starts with", () => {
  const knip = JSON.parse(readFileSync(new URL("../../knip.json", import.meta.url), "utf8")) as {
    entry: string[];
  };
  const shipped = knip.entry.filter((path) => path.endsWith("!")).map((path) => path.slice(0, -1));
  expect(shipped.sort()).toEqual(Object.values(entries).sort());
});
