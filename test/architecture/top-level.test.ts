import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { landedStages } from "#test/requirements.ts";

/** The shape that the product promises, complete when the editor has its part. */
const promised = [
  "README.md",
  "extension",
  "language-server",
  "package.json",
  "runtime",
  "syntaxes",
  "test",
  "tsconfig.json",
  "webviews",
  ".vscodeignore",
];

/** What may stand beside it. */
const planned = [
  // What is written for people.
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "SECURITY.md",
  "docs",
  "examples",
  // Parts with a lock of their own, fetched when wanted.
  "optional",
  // Tools that look for their file here.
  ".ci",
  ".gitattributes",
  ".gitignore",
  ".npmrc",
  ".oxfmtrc.json",
  ".oxlintrc.json",
  "build.ts",
  "knip.ts",
  "package-lock.json",
  "vitest.config.ts",
];

/** Made on this machine and ignored by git. */
const made = [".git", ".vscode", "coverage", "dist", "node_modules"];

const top = fileURLToPath(new URL("../../", import.meta.url));
const found = readdirSync(top).filter((name) => !made.includes(name));

test("the top of the repository holds what is planned and nothing else", () => {
  verifies("card.shape.top-level");
  expect(found.filter((name) => !promised.includes(name) && !planned.includes(name))).toEqual([]);
});

test("it holds all of the promised shape once the editor has landed", () => {
  verifies("card.shape.top-level");
  const expected = landedStages.includes("editor")
    ? promised
    : ["README.md", "language-server", "package.json", "runtime", "test", "tsconfig.json"];
  expect(found).toEqual(expect.arrayContaining(expected));
});
