import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** What the top of the repository holds, and nothing else: a newcomer sees the whole shape at once. */
const planned = [
  // The shape that the product promises.
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
  "knip.json",
  "package-lock.json",
  "vitest.config.ts",
];

/** Made on this machine and ignored by git. */
const made = [".git", ".vscode", "coverage", "dist", "node_modules"];

test("the top of the repository holds what is planned and nothing else", () => {
  const top = fileURLToPath(new URL("../../", import.meta.url));
  const found = readdirSync(top).filter((name) => !made.includes(name));
  expect(found.filter((name) => !planned.includes(name))).toEqual([]);
  expect(found).toEqual(expect.arrayContaining(["package.json", "runtime", "language-server", "test"]));
});
