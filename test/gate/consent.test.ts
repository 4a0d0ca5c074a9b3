import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { consentNeed, offeredTools, powersDigest, powersLines, powersOf } from "#gate/index.ts";
import { widens } from "#gate/widening.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { AgentDefinition, AgentSpec, Limits, Rule } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { Powers } from "#protocol/consent.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { consentOf, POWERS } from "#test/contracts/consent-store.ts";
import { caseCount } from "#test/kit/cases.ts";
import { digestOf } from "#test/kit/decisions.ts";

const RANGE = { span: [0, 1], line: 1, column: 1, endLine: 1, endColumn: 2 } as const;
const SILENT: Limits = {
  timeoutMs: null,
  iterationsMax: null,
  tokensMax: null,
  memoryBytesMax: null,
  cpuCoresMax: null,
};

const rule = (effect: Rule["effect"], text: string): Rule => ({
  id: "helper/base/1",
  effect,
  patterns: [],
  requirement: null,
  condition: null,
  text,
  range: RANGE,
  digest: sha256(new TextEncoder().encode(text)),
});

const sha256 = (bytes: Uint8Array) => sha256OfBytes(createHash("sha256").update(bytes).digest());

const agent = (changes: Partial<AgentDefinition> = {}): AgentDefinition => ({
  name: "helper",
  parameters: [],
  returns: null,
  capabilities: [],
  sandboxFloor: null,
  limits: SILENT,
  policies: [],
  functions: [],
  body: null,
  range: RANGE,
  nameRange: RANGE,
  ...changes,
});

const specOf = (agents: readonly AgentDefinition[], rules: readonly Rule[] = []): AgentSpec => ({
  v: 1,
  isWhole: true,
  source: { path: "agents/helper.symbi", digest: digestOf("a"), sizeBytes: 1, dialect: "D1" },
  metadata: [],
  agents,
  policies: [{ name: "all", rules, range: RANGE }],
  functions: [],
  types: [],
  triggers: [],
});

const context = {
  tools: BUILTIN_TOOLS,
  model: { id: "scripted:demo", remote: false },
  tier: "wasm" as const,
};

describe("the tools a run is offered", () => {
  const capability = (name: string) => ({ name, range: RANGE });
  test.each<[string, AgentDefinition, "wasm" | "docker", readonly string[]]>([
    ["no list", agent(), "wasm", ["list_files", "publish_file", "read_file", "run_javascript", "write_file"]],
    ["a tier with a shell", agent(), "docker", BUILTIN_TOOLS.map((tool) => tool.name).sort()],
    ["a list", agent({ capabilities: [capability("read_file")] }), "wasm", ["read_file"]],
    ["a list that its tier cannot serve", agent({ capabilities: [capability("shell")] }), "wasm", []],
    ["a list of what no build has", agent({ capabilities: [capability("fly")] }), "wasm", []],
  ])("by %s", (_, definition, tier, expected) => {
    const names = offeredTools(definition, { tools: BUILTIN_TOOLS, tier }).map((tool) => tool.name);
    expect([...names].sort()).toEqual(expected);
  });
});

describe("powers", () => {
  test("say what the file and the choice of model and tier come to", () => {
    const rules = [rule("allow", "allow: read_file"), rule("deny", "deny: publish_file")];
    const limits = { ...SILENT, timeoutMs: { value: 60_000, range: RANGE } };
    const powers = powersOf(specOf([agent({ limits })], rules), "helper", context);
    expect(powers).toMatchObject({
      v: 1,
      agent: "agents/helper.symbi#helper",
      hosts: [],
      model: { id: "scripted:demo", remote: false },
      tier: "wasm",
      limits: { timeoutMs: 60_000, iterationsMax: null },
      rules: [{ effect: "allow", text: "allow: read_file" }, { effect: "deny" }],
    });
    expect(powers?.tools.map((tool) => tool.name)).toEqual([
      "list_files",
      "publish_file",
      "read_file",
      "run_javascript",
      "write_file",
    ]);
  });

  test("are those of one agent, and none for a name that the file has not", () => {
    const other = agent({
      name: "other",
      policies: [{ name: "p", rules: [rule("allow", "allow: *")], range: RANGE }],
    });
    const spec = specOf([agent(), other]);
    expect(powersOf(spec, "helper", context)?.rules).toEqual([]);
    expect(powersOf(spec, "other", context)?.rules).toHaveLength(1);
    expect(powersOf(spec, "nobody", context)).toBe(undefined);
  });

  test("have a digest that depends on what they say, not on how the file is written", () => {
    const rules = [rule("allow", "allow: read_file"), rule("deny", "deny: shell")];
    const digest = (ordered: readonly Rule[]) =>
      powersDigest(powersOf(specOf([agent()], ordered), "helper", context) ?? POWERS, sha256);
    expect(digest(rules)).toBe(digest([...rules].reverse()));
    expect(digest(rules)).not.toBe(digest(rules.slice(1)));
    expect(digest(rules)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("are shown one fact a line, and nothing of the file moves the cursor", () => {
    const rules = [rule("allow", "allow:\n  read_file \u001b[2J\u202e")];
    const powers = powersOf(
      specOf([agent({ capabilities: [{ name: "read_file", range: RANGE }] })], rules),
      "helper",
      context,
    );
    expect(powers === undefined ? [] : powersLines(powers)).toEqual([
      "agent    agents/helper.symbi#helper",
      "tool     read_file: reads the run's copy of the workspace (low risk)",
      "files    sees a copy of the workspace; your files stay as they are",
      "hosts    none",
      "model    scripted:demo, which stays on this machine",
      "sandbox  wasm",
      "limits   those of your configuration",
      "rule     allow: read_file \\e[2J\\u{202e}",
    ]);
  });
});

describe("wider than before is", () => {
  const limits = (changes: Partial<Powers["limits"]>): Partial<Powers> => ({
    limits: { ...POWERS.limits, ...changes },
  });
  const written = (...rules: readonly Rule[]): Partial<Powers> => ({
    rules: rules.map(({ effect, digest, text }) => ({ effect, digest, text })),
  });
  const tool = POWERS.tools.map((one) => one)[0] ?? {
    name: "",
    action: "tool_call" as const,
    effects: [],
    risk: "low" as const,
  };
  const denies = written(rule("deny", "deny: shell"));
  const requires = written(rule("require", "require approval: publish_file"));
  const allows = written(rule("allow", "allow: read_file"));
  const audits = written(rule("audit", "audit: *"));
  test.each<[string, Partial<Powers>, Partial<Powers>, readonly string[]]>([
    ["nothing", {}, {}, []],
    ["another agent", {}, { agent: "x#y" }, ["it is another agent"]],
    ["a tool", { tools: [] }, {}, ["may use read_file"]],
    [
      "a tool that does more",
      {},
      { tools: [{ ...tool, effects: ["executes-code"], risk: "high" }] },
      ["read_file does more: executes-code, high risk"],
    ],
    [
      "a tool under another action",
      {},
      { tools: [{ ...tool, action: "publish_file" }] },
      ["read_file does more: acts as publish_file"],
    ],
    ["a host", {}, { hosts: ["https://x.example"] }, ["reaches https://x.example"]],
    ["another model", {}, { model: { id: "openai:x", remote: true } }, ["asks the model openai:x"]],
    [
      "the model gone remote",
      {},
      { model: { ...POWERS.model, remote: true } },
      ["sends data to the model off this machine"],
    ],
    [
      "a weaker sandbox",
      { tier: "gvisor" },
      { tier: "wasm" },
      ["runs in a weaker sandbox: wasm instead of gvisor"],
    ],
    ["a longer limit", {}, limits({ timeoutMs: 90_000 }), ["runs for up to 1m 30s"]],
    [
      "a limit that is gone",
      {},
      limits({ iterationsMax: null }),
      ["has no limit of its own any more: iterationsMax"],
    ],
    ["a new permit", {}, allows, ["new rule: allow: read_file"]],
    ["a lost prohibition", denies, {}, ["rule gone: deny: shell"]],
    ["a lost requirement", requires, {}, ["rule gone: require approval: publish_file"]],
    [
      "a permit that was a prohibition",
      denies,
      written(rule("allow", "deny: shell")),
      ["new rule: deny: shell", "rule gone: deny: shell"],
    ],
    ["not a tool less", {}, { tools: [] }, []],
    ["not a stronger sandbox", { tier: "wasm" }, { tier: "docker" }, []],
    ["not a shorter limit", {}, limits({ timeoutMs: 1 }), []],
    ["not a first limit", {}, limits({ tokensMax: 5 }), []],
    ["not a new prohibition", {}, denies, []],
    ["not a new requirement", {}, requires, []],
    ["not a lost permit", allows, {}, []],
    ["not an audit rule, come or gone", audits, {}, []],
    ["not the model staying at home", { model: { ...POWERS.model, remote: true } }, {}, []],
  ])("%s", (_, before, after, expected) => {
    expect(widens({ ...POWERS, ...before }, { ...POWERS, ...after })).toEqual(expected);
  });

  test("never what is the same, and whatever is wider stays so with more", () => {
    const limit = fc.option(fc.nat(), { nil: null });
    const powers: fc.Arbitrary<Powers> = fc.record({
      v: fc.constant(1 as const),
      agent: fc.constant("a#b"),
      tools: fc
        .subarray([...BUILTIN_TOOLS])
        .map((tools) => tools.map(({ name, action, effects, risk }) => ({ name, action, effects, risk }))),
      hosts: fc.subarray(["https://a.example", "https://b.example"]),
      model: fc.record({ id: fc.constantFrom("x:1", "x:2"), remote: fc.boolean() }),
      tier: fc.constantFrom(...SANDBOX_TIERS),
      limits: fc.record({
        timeoutMs: limit,
        iterationsMax: limit,
        tokensMax: limit,
        memoryBytesMax: limit,
        cpuCoresMax: limit,
      }),
      rules: fc
        .subarray([rule("allow", "a"), rule("allow", "b"), rule("deny", "c"), rule("require", "d")])
        .map((rules) => rules.map(({ effect, digest, text }) => ({ effect, digest, text }))),
    });
    fc.assert(
      fc.property(powers, powers, powers, (one, two, three) => {
        expect(widens(one, one)).toEqual([]);
        // Not widening is transitive: what one consent covers, a wider consent covers.
        if (widens(one, two).length === 0 && widens(two, three).length === 0) {
          expect(widens(one, three)).toEqual([]);
        }
      }),
      { numRuns: caseCount(2_000) },
    );
  });
});

describe("a person is asked", () => {
  const { principal } = consentOf("a");
  const narrow = consentOf("a", { powers: { ...POWERS, tools: [] } });
  const half = consentOf("b", { powers: { ...POWERS, tools: [], tier: "docker" } });
  const whole = consentOf("c");
  const need = (...earlier: readonly (typeof whole)[]) => consentNeed(principal, POWERS, earlier);
  test.each([
    ["before the first run", need(), { k: "needed", widened: [] }],
    ["not when one consent covers all", need(narrow, whole), { k: "given", consent: whole }],
    [
      "when powers widen, and told what is new",
      need(narrow),
      { k: "needed", widened: ["may use read_file"] },
    ],
    [
      "what is new since the nearest consent",
      need(half, narrow),
      { k: "needed", widened: ["may use read_file"] },
    ],
    [
      "when the consent is another principal's",
      need(consentOf("c", { principal: "x" })),
      { k: "needed", widened: [] },
    ],
  ])("%s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
