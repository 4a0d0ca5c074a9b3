/*
 * Formats outlive releases: their pages say that they are frozen, and their vectors never change again.
 * `test/vectors/frozen.sha256` is what `sha256sum` prints, so that anybody can check it with `sha256sum -c`.
 * A new file of vectors gets a line; a changed one means that a format got a new version without a new number.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const top = fileURLToPath(new URL("../../", import.meta.url));
const vectors = join(top, "test/vectors");
const pages = readdirSync(join(top, "docs/formats"));
const frozen = readFileSync(join(vectors, "frozen.sha256"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split("  ") as [digest: string, path: string]);

test.each(pages)("%s is frozen, and its history says so", (page) => {
  const text = readFileSync(join(top, "docs/formats", page), "utf8");
  expect(text).toMatch(/^# .*, version 1$/m);
  expect(text).toMatch(/^Status: frozen\./m);
  expect(text.slice(text.search(/^## .*History$/m))).toMatch(/frozen on \d{4}-\d{2}-\d{2}/);
});

describe("the vectors of a frozen format", () => {
  test("are all listed, each once, in order", () => {
    const found = readdirSync(vectors, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(vectors, path)).isFile() && path !== "frozen.sha256")
      .sort();
    expect(frozen.map(([, path]) => path)).toEqual(found);
    expect(found.length).toBeGreaterThan(100);
  });

  test.each(frozen)("%s %s", (digest, path) => {
    expect(
      createHash("sha256")
        .update(readFileSync(join(vectors, path)))
        .digest("hex"),
    ).toBe(digest);
  });
});
