/* Each room has its own tests, and what is hard to get right has properties beside its cases. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { rooms } from "./rooms.ts";

const tests = fileURLToPath(new URL("../", import.meta.url));
const suites = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(join(tests, name), "utf8") }));

describe("a room has tests that import it", () => {
  // Ports are interfaces alone, which test/contracts holds their adapters to; the manifest is data.
  const tested = rooms.filter(({ name }) => name !== "ports" && name !== "manifest");

  test.each(tested.map(({ name, path }) => [name, path] as const))("%s", (name, path) => {
    verifies("docs.suite.unit");
    const folder = path.replace(/^runtime\//, "").replace(/\.ts$/, "");
    const own = suites.filter(
      ({ name: suite, text }) =>
        text.includes(`"#${folder}/`) || text.includes(`"#${folder}.ts"`) || suite.startsWith(`${folder}/`),
    );
    expect(
      own.map((suite) => suite.name),
      name,
    ).not.toEqual([]);
  });
});

test.each([
  [
    "codecs",
    ["kernel/canonical-json", "kernel/json", "ledger/entry-line", "ledger/sealing", "adapters/wasm"],
  ],
  ["parsers", ["language-server", "policy/cedar-text", "protocol/ledger-checkpoint"]],
  ["state machines", ["gate/turns", "gate/scripts", "agent/scripts", "agent/body"]],
  ["the ledger", ["ledger/verify", "ledger/merkle-tree", "ledger/read-lines"]],
  ["the decision", ["policy/layers.property", "policy/json-to-cedar", "policy/compile-rules"]],
])("%s have property tests", (_, places) => {
  verifies("docs.suite.unit");
  const missing = places.filter(
    (place) =>
      !suites.some(({ name, text }) => name.startsWith(place) && /fc\.(?:asyncP|p)roperty\(/.test(text)),
  );
  expect(missing).toEqual([]);
});
