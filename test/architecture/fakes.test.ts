/*
 * A mock that nobody checks proves little, so every fake runs the conformance suite of what it stands
 * for, and so does a real adapter.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";

const top = fileURLToPath(new URL("../", import.meta.url));
const fakes = readdirSync(join(top, "kit")).filter((name) => name.endsWith("-fake.ts"));
const contracts = readdirSync(join(top, "contracts"));
const suites = readdirSync(top, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(join(top, name), "utf8") }));

describe("a fake runs the suite of what it stands for", () => {
  test("there are fakes and suites to look at", () => {
    expect(fakes.length).toBeGreaterThan(8);
    expect(contracts.length).toBeGreaterThanOrEqual(fakes.length);
  });

  test.each(fakes)("%s", (fake) => {
    verifies("docs.suite.mocks");
    const contract = contracts.filter((name) => suites.some((suite) => runs(suite.text, name, fake)));
    expect(contract).not.toEqual([]);
  });

  test.each(contracts)("%s is run on something that is no fake", (contract) => {
    verifies("docs.suite.mocks");
    const runners = suites.filter(({ text }) => text.includes(`#test/contracts/${contract}`));
    const real = runners.filter(
      ({ name, text }) =>
        name.startsWith("adapters/") || /from "#(?:adapters|policy|cli|ledger|tools|agent|gate)\//.test(text),
    );
    expect(real.map(({ name }) => name)).not.toEqual([]);
  });
});

/** Whether a suite gives this fake to this contract: the fake's maker is called within a call of the contract. */
const runs = (text: string, contract: string, fake: string): boolean => {
  const makers = importedFrom(text, `#test/kit/${fake}`);
  const callers = importedFrom(text, `#test/contracts/${contract}`);
  return callers.some((caller) =>
    callsOf(text, caller).some((call) => makers.some((maker) => call.includes(`${maker}(`))),
  );
};

const importedFrom = (text: string, module: string): readonly string[] =>
  [...text.matchAll(/import \{([^}]*)\} from "([^"]+)"/g)]
    .filter(([, , from]) => from === module)
    .flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()));

/** The texts of the statements that begin with a call of `name`, up to the line that closes it. */
const callsOf = (text: string, name: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^${name}\\(.*?(?:\\);$)`, "gms"))].map(([call]) => call);
