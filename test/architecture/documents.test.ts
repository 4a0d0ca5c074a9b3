import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

const pages = ["docs", "examples"]
  .filter((folder) => existsSync(join(top, folder)))
  .flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  )
  .concat(readdirSync(top))
  .filter((name) => name.endsWith(".md"))
  // What is promised may name what is not there yet; its own test holds it to the rows.
  .filter((name) => name !== "docs/promises.md");

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(top, page), "utf8");

  test("every script that it names exists", () => {
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? "");
    expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  });

  test("every file that it links to exists", () => {
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((match) => match[1] ?? "");
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !existsSync(join(top, dirname(page), link)))).toEqual([]);
  });
});

test("contributors are told how to format, to lint and to test", () => {
  verifies("docs.contributing");
  const text = readFileSync(join(top, "CONTRIBUTING.md"), "utf8");
  for (const command of ["npm run format", "npm run check", "npm test"]) expect(text).toContain(command);
});
