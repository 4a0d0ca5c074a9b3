import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileAgentFile } from "#policy/compile-rules.ts";
import type { CompiledSource } from "#policy/compiled-policy.ts";
import type { Decider } from "#ports/decider.ts";
import type { ActionPattern, AgentSpec, BinaryOperator, Expression, Rule } from "#protocol/agent-spec.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { agentSpecOf } from "#test/kit/agent-spec-of.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { loadPolicies } from "#test/kit/policy-engine.ts";
import { calling, onRun, publishing } from "#test/kit/policy-requests.ts";

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

const spec = (
  rules: string,
  parameters = "topic: String, count: int, urgent: bool, tags: Array<String>",
): AgentSpec =>
  agentSpecOf(
    `agent reader(${parameters}) {\n  policy p {\n${rules}\n  }\n  with sandbox = "docker" { }\n}\n`,
  );

const compile = (from: AgentSpec, tools: readonly ToolDescriptor[] = BUILTIN_TOOLS): CompiledSource =>
  compileAgentFile(from, "reader", tools);

/** The Cedar text of one rule behind its scope's principal, on one line. */
const cedarOf = (rule: string): string => {
  const { policies, problems } = compile(spec(rule));
  expect(problems).toEqual([]);
  const [policy] = policies;
  return (policy?.cedar ?? "")
    .replace(/^@rule\("reader\/p\/1"\)\n/, "")
    .replaceAll(/\s+/g, " ")
    .replace("( principal is Agent, ", "(")
    .replace(", resource )", ")");
};

describe("a rule is one policy", () => {
  test.each([
    ["allow: read_file", 'permit (action in [Action::"tool_call::read_file"]);'],
    ["deny: shell", 'forbid (action in [Action::"tool_call::shell"]);'],
    ['allow: "*"', "permit (action);"],
    ["allow: tool_call", 'permit (action in [Action::"tool_call"]);'],
    ["allow: respond", 'permit (action in [Action::"respond"]);'],
    // A tool whose descriptor names another action is a rule about that action.
    ["allow: publish_file", 'permit (action in [Action::"publish_file"]);'],
    [
      "allow: [shell, read_file, shell]",
      'permit (action in [Action::"tool_call::read_file", Action::"tool_call::shell"]);',
    ],
    // An argument that is only named binds a name and asks nothing.
    ["allow: read_file(path)", 'permit (action in [Action::"tool_call::read_file"]);'],
    [
      'allow: read_file("a.md")',
      'permit (action in [Action::"tool_call::read_file"]) when { context.args has "path" && context.args["path"] == "a.md" };',
    ],
    [
      'deny: read_file("a.md")',
      'forbid (action in [Action::"tool_call::read_file"]) when { context.args has "path" && context.args["path"] == "a.md" };',
    ],
    [
      'allow: [read_file("a.md"), list_files]',
      'permit (action in [Action::"tool_call::list_files", Action::"tool_call::read_file"]) when { ((action in Action::"tool_call::read_file" && context.args has "path" && context.args["path"] == "a.md") || (action in Action::"tool_call::list_files")) };',
    ],
  ])("%s", (rule, cedar) => {
    expect(cedarOf(rule)).toBe(cedar);
  });

  test("audit is none: everything is recorded in any case", () => {
    expect(compile(spec("audit: read_file")).policies).toEqual([]);
  });

  test("its id, text and place are those of the rule", () => {
    const text = "allow: read_file(path)";
    const [policy] = compile(spec(`    ${text}`)).policies;
    expect(policy?.id).toBe("reader/p/1");
    expect(policy?.citation).toMatchObject({
      layer: "file",
      rule: "reader/p/1",
      effect: "permit",
      file: "agents/reader.symbi",
      text,
      range: { line: 3, column: 5 },
    });
  });

  test("rules at the top of the file bind every agent of it, an agent's own bind it alone", () => {
    const two = agentSpecOf(`
policy all { allow: read_file }
agent one { policy p { allow: shell } with sandbox = "docker" { } }
agent two { policy p { deny: shell } with sandbox = "docker" { } }
`);
    expect(compileAgentFile(two, "one", BUILTIN_TOOLS).policies.map(({ id }) => id)).toEqual([
      "*/all/1",
      "one/p/1",
    ]);
    expect(compileAgentFile(two, "two", BUILTIN_TOOLS).policies.map(({ id }) => id)).toEqual([
      "*/all/1",
      "two/p/1",
    ]);
  });
});

/** The conditions behind `allow: write_file(path, content) if`. */
const conditionOf = (condition: string): string => {
  const [, conditions] = cedarOf(`allow: write_file(path, content) if ${condition}`).split("when { ");
  return (conditions ?? "")
    .replace(/ };$/, "")
    .replaceAll('context.args has "path" && ', "")
    .replaceAll('context.args["path"]', "PATH");
};

describe("a condition", () => {
  test.each([
    ['path == "a"', 'PATH == "a"'],
    ['path != "a"', 'PATH != "a"'],
    ['path.starts_with("a*b")', 'PATH like "a\\*b*"'],
    ['path.ends_with("\\"")', 'PATH like "*\\""'],
    ['path.contains("\\\\")', 'PATH like "*\\\\*"'],
    ['path in ["a", "b"]', '["a", "b"].contains(PATH)'],
    ['path in ["a", "a"]', '["a"].contains(PATH)'],
    ['!(path == "a")', '!(PATH == "a")'],
    ['path == "a" || path == "b" || path == "c"', '["a", "b", "c"].contains(PATH)'],
    ['path == "a" || path.contains("x") || path == "c"', '(PATH == "a" || PATH like "*x*" || PATH == "c")'],
    [
      'path == "a" || path == "b" || path.contains("x") || path == "c" || path == "d"',
      '(["a", "b"].contains(PATH) || PATH like "*x*" || ["c", "d"].contains(PATH))',
    ],
    ['path == "a" && (path == "b" || path == "c")', 'PATH == "a" && ["b", "c"].contains(PATH)'],
    ['(path == "a" && path == "b") || path == "c"', '((PATH == "a" && PATH == "b") || PATH == "c")'],
    ["context.iteration > 3", "context.iteration > 3"],
    ["context.iteration >= -3", "context.iteration >= (-3)"],
    ["context.iteration < 5m", "context.iteration < 300000"],
    ['context.sandbox_tier == "docker"', 'context.sandbox_tier == "docker"'],
    ['"pii" in context.labels', 'context.labels.contains("pii")'],
    ['principal.name == "reader"', 'principal.name == "reader"'],
    ['resource.risk == "low"', 'resource.risk == "low"'],
    ['"writes-run-files" in resource.effects', 'resource.effects.contains("writes-run-files")'],
    ["resource.idempotent", "resource.idempotent"],
    ["true", "true"],
    ["count > 3", 'context.inputs has "count" && context.inputs["count"] > 3'],
    ["urgent", 'context.inputs has "urgent" && context.inputs["urgent"]'],
    ["!urgent", 'context.inputs has "urgent" && !context.inputs["urgent"]'],
    ['"x" in tags', 'context.inputs has "tags" && context.inputs["tags"].items.contains("x")'],
    ["inputs.topic == path", 'context.inputs has "topic" && context.inputs["topic"] == PATH'],
  ])("%s", (condition, cedar) => {
    expect(conditionOf(condition)).toBe(cedar);
  });

  test("asked by a deny, what is not there forbids", () => {
    expect(cedarOf('deny: read_file(path) if path == "a" && count > 3')).toBe(
      'forbid (action in [Action::"tool_call::read_file"]) when { (if context.args has "path" && context.inputs has "count" then context.args["path"] == "a" && context.inputs["count"] > 3 else true) };',
    );
  });

  test("its parts are shown as they were written", () => {
    const rule = 'allow: write_file(path, content) if path.starts_with("notes/") && (count > 3 || urgent)';
    const [policy] = compile(spec(rule)).policies;
    expect(policy?.parts.map(({ shown }) => shown)).toEqual([
      "the call has an argument `path`",
      "the run has an input `count`",
      "the run has an input `urgent`",
      'path.starts_with("notes/")',
      "count > 3 || urgent",
    ]);
  });
});

/* ---- rules as data, for what no source text can hold ---- */

const span = [0, 0] as const;
const literal = (value: string | number | boolean | null): Expression => ({ k: "literal", value, span });
const name = (text: string): Expression => ({ k: "name", name: text, span });
const binary = (operator: BinaryOperator, left: Expression, right: Expression): Expression => ({
  k: "binary",
  operator,
  left,
  right,
  span,
});
const method = (target: string, receiver: Expression, part: Expression): Expression => ({
  k: "call",
  target: { k: "method", name: target },
  arguments: [receiver, part].map((value) => ({ name: null, value })),
  span,
});
const toolPattern = (tool: string, ...bound: readonly string[]): ActionPattern => ({
  name: tool,
  kind: "tool",
  arguments: bound.map((parameter) => ({ k: "bind", parameter, as: parameter })),
  span,
});
const withRules = (...rules: readonly Partial<Rule>[]): AgentSpec => {
  const base = spec("audit: read_file");
  const [agent] = base.agents;
  const [policy] = agent?.policies ?? [];
  const [template] = policy?.rules ?? [];
  if (agent === undefined || policy === undefined || template === undefined) throw new Error("no template");
  const all = rules.map((rule, index) => ({
    ...template,
    effect: "allow" as const,
    ...rule,
    id: `reader/p/${index + 1}`,
  }));
  return { ...base, agents: [{ ...agent, policies: [{ ...policy, rules: all }] }] };
};

describe("what has no exact translation is a problem of the rule", () => {
  const refused = (rule: Partial<Rule>, tools = BUILTIN_TOOLS): readonly string[] => {
    const { problems, policies } = compile(
      withRules({ patterns: [toolPattern("read_file", "path")], ...rule }),
      tools,
    );
    expect(policies).toEqual([]);
    return problems.map(({ problem }) => `${problem.code} ${problem.class}: ${problem.message}`);
  };
  const asks = (condition: Expression): readonly string[] => refused({ condition });
  const path = name("path");

  test.each<readonly [string, Expression, RegExp]>([
    ["null", binary("==", path, literal(null)), /null/],
    ["a fraction", binary("==", name("count"), literal(1.5)), /whole numbers/],
    ["a number beyond 2^53", binary("==", name("count"), literal(2 ** 53)), /whole numbers/],
    ["half of a surrogate pair", binary("==", path, literal("\ud800")), /surrogate/],
    ["a text where true or false is asked", path, /true or false/],
    ["a text compared with a number", binary("==", path, literal(1)), /expected/],
    ["an order of texts", binary("<", path, literal("b")), /whole number/],
    ["arithmetic", binary(">", binary("+", name("count"), literal(1)), literal(2)), /calculate/],
    ["a list by equality", binary("==", name("tags"), path), /list/],
    ["a list of more than literals", binary("in", path, { k: "list", items: [path], span }), /literals/],
    ["a list of another type", binary("in", path, { k: "list", items: [literal(1)], span }), /expected/],
    ["something in a text", binary("in", literal("a"), path), /no list/],
    ["a search for what is not written out", method("contains", path, name("topic")), /literal text/],
    ["another method", method("upper", path, literal("a")), /upper/],
    ["a method of a number", method("starts_with", name("count"), literal("a")), /text is expected/],
    ["a record alone", name("context"), /record/],
    [
      "an attribute that is not known",
      { k: "member", object: name("context"), name: "colour", span },
      /colour/,
    ],
    ["a field of a value", { k: "member", object: path, name: "x", span }, /fields/],
    ["an argument of another tool", { k: "member", object: name("args"), name: "command", span }, /command/],
    [
      "an attribute of some resources only",
      binary("==", { k: "member", object: name("resource"), name: "change", span }, literal("created")),
      /change/,
    ],
    ["a secret", { k: "secret", reference: "vault://a", span }, /secret/],
    ["the sign of a name", { k: "unary", operator: "-", operand: name("count"), span }, /negative/],
  ])("%s", (_what, condition, message) => {
    const [problem, ...more] = asks(condition);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^WRIT106 enforcement: /);
    expect(problem).toMatch(message);
  });

  test("a chain that is too long, whatever its length", () => {
    const chain = (length: number): Expression => {
      let rest: Expression = method("contains", path, literal("x0"));
      for (let index = 1; index < length; index += 1) {
        rest = binary("||", rest, method("contains", path, literal(`x${index}`)));
      }
      return rest;
    };
    expect(
      compile(withRules({ patterns: [toolPattern("read_file", "path")], condition: chain(100) })).problems,
    ).toEqual([]);
    expect(asks(chain(200))[0]).toMatch(/too long or its condition nests too deep/);
    expect(asks(chain(100_000))[0]).toMatch(/too long or its condition nests too deep/);
  });

  test("a list of twenty thousand texts is none of them", async () => {
    const items = Array.from({ length: 2_000 }, (_, index) => literal(`file-${index}.md`));
    const source = compile(
      withRules({
        patterns: [toolPattern("read_file", "path")],
        condition: binary("in", path, { k: "list", items, span }),
      }),
    );
    expect(source.problems).toEqual([]);
    const policies = await loadPolicies(decider, [source]);
    const decide = async (file: string) =>
      (await policies.decide(calling("read_file", { path: file }), signal)).outcome;
    expect(await decide("file-1999.md")).toBe("allow");
    expect(await decide("file-2000.md")).toBe("deny");
  });

  test("a condition that nests too deep", () => {
    let deep: Expression = binary("==", path, literal("a"));
    for (let depth = 0; depth < 5_000; depth += 1) deep = { k: "unary", operator: "!", operand: deep, span };
    expect(asks(deep)[0]).toMatch(/nests too deep/);
  });

  test("a tool, an action or an argument that is none", () => {
    expect(refused({ patterns: [toolPattern("shel")] })[0]).toMatch(/shel/);
    expect(refused({ patterns: [{ name: "fly", kind: "action", arguments: [], span }] })[0]).toMatch(/fly/);
    expect(refused({ patterns: [toolPattern("read_file", "command")] })[0]).toMatch(/command/);
    expect(refused({ patterns: [] })[0]).toMatch(/no action/);
  });

  test("one of several tools for an action, because a request does not say which", () => {
    const publish = BUILTIN_TOOLS.find((tool) => tool.name === "publish_file");
    if (publish === undefined) throw new Error("no such tool");
    const two = [...BUILTIN_TOOLS, { ...publish, name: "publish_folder" }];
    expect(refused({ patterns: [toolPattern("publish_file")] }, two)[0]).toMatch(/alone/);
  });

  test("a problem stands where the condition does", () => {
    const text = 'allow: read_file(path) if path == "x"';
    const source = agentSpecOf(
      `agent reader {\n  policy p {\n    ${text}\n  }\n  with sandbox = "docker" { }\n}\n`,
    );
    const rule = source.agents[0]?.policies[0]?.rules[0];
    if (rule?.condition?.k !== "binary") throw new Error("no condition");
    const bad = { ...rule.condition, right: { ...rule.condition.right, k: "literal" as const, value: 1.5 } };
    const [agent] = source.agents;
    if (agent === undefined) throw new Error("no agent");
    const changed = {
      ...source,
      agents: [
        {
          ...agent,
          policies: [
            { ...agent.policies[0], name: "p", range: rule.range, rules: [{ ...rule, condition: bad }] },
          ],
        },
      ],
    };
    const [found] = compile(changed).problems;
    expect(found?.problem.range).toMatchObject({ line: 3, column: 5 + text.indexOf('"x"') });
  });
});

describe("what a rule says is what is decided", () => {
  const outcomes = async (
    from: AgentSpec,
    requests: readonly PolicyRequest[],
  ): Promise<readonly (string | null)[]> => {
    const policies = await loadPolicies(decider, [compile(from)]);
    const decisions = await Promise.all(requests.map((request) => policies.decide(request, signal)));
    policies.close();
    return decisions.map(({ outcome, denyReason }) => denyReason ?? outcome);
  };
  const reading = (path: JsonObject[string]): PolicyRequest => calling("read_file", { path });
  const anyText = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('"', "\\", "*", "\n", "}", ";", "/", "\0", "é", "😀", "%"),
      maxLength: 8,
    }),
  );

  test("no text of a rule breaks out of it", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (text, other) => {
        const patterns = [toolPattern("read_file", "path")];
        const rules = withRules(
          { patterns },
          { patterns, effect: "deny", condition: binary("==", name("path"), literal(text)) },
        );
        expect(await outcomes(rules, [reading(text), reading(`${text}x`), reading(other)])).toEqual([
          "forbidden",
          "allow",
          other === text ? "forbidden" : "allow",
        ]);
      }),
      { numRuns: caseCount(40) },
    );
  });

  test("starts_with, ends_with and contains ask what JavaScript asks", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, anyText, async (part, before, after) => {
        const texts = [part, before + part, part + after, before + part + after, before];
        for (const [asked, holds] of [
          ["starts_with", (text: string) => text.startsWith(part)],
          ["ends_with", (text: string) => text.endsWith(part)],
          ["contains", (text: string) => text.includes(part)],
        ] as const) {
          const rules = withRules({
            patterns: [toolPattern("read_file", "path")],
            condition: method(asked, name("path"), literal(part)),
          });
          expect(await outcomes(rules, texts.map(reading))).toEqual(
            texts.map((text) => (holds(text) ? "allow" : "not-permitted")),
          );
        }
      }),
      { numRuns: caseCount(15) },
    );
  });

  test("an argument that is left out or of another type decides against the agent", async () => {
    const allow = spec('allow: list_files(path) if path.starts_with("docs")');
    const deny = spec('allow: list_files\ndeny: list_files(path) if path.starts_with("secret")');
    const ask = spec("allow: list_files\nrequire: approval if count > 3");
    const requests = [
      calling("list_files"),
      calling("list_files", { path: 3 }),
      calling("list_files", { path: "docs" }),
    ];
    expect(await outcomes(allow, requests)).toEqual(["not-permitted", "not-decidable", "allow"]);
    expect(await outcomes(deny, requests)).toEqual(["forbidden", "not-decidable", "allow"]);
    const withInputs = (inputs: JsonObject): PolicyRequest =>
      calling("list_files", {}, { context: { inputs } });
    expect(await outcomes(ask, [withInputs({}), withInputs({ count: 5 }), withInputs({ count: 1 })])).toEqual(
      ["step-up", "step-up", "allow"],
    );
  });

  test.each<readonly [string, JsonObject]>([
    ["null", { topic: null }],
    ["a number", { topic: 5 }],
    ["a list of it", { topic: ["a"] }],
    ["a fraction", { count: 1.5 }],
    ["a number beyond 2^53", { count: 2 ** 53 }],
    ["a text of digits", { count: "1" }],
    ["a number for true", { urgent: 1 }],
    ["a list of more than texts", { tags: ["a", 1] }],
    ["a text for a list", { tags: "a" }],
    ["what the agent has not", { other: "a" }],
  ])("an input of another type decides against the agent, whatever rules name: %s", async (_what, inputs) => {
    const rules = spec(
      'allow: list_files\ndeny: list_files if topic == "x" || urgent || "x" in tags || count == 0',
    );
    expect(await outcomes(rules, [calling("list_files", {}, { context: { inputs } })])).toEqual([
      "not-decidable",
    ]);
  });

  test.each(["float", "any", "Optional<String>", "Array<int>", "Array<Array<String>>", "Mode"])(
    "an input of the type %s is not named by a rule",
    (type) => {
      const rule = {
        patterns: [toolPattern("list_files")],
        condition: binary("!=", name("mode"), literal("safe")),
      };
      const asking = withRules(rule, { ...rule, effect: "deny" }, { ...rule, effect: "require" });
      const { parameters = [] } = spec("audit: read_file", `mode: ${type}`).agents[0] ?? {};
      const changed = { ...asking, agents: asking.agents.map((agent) => ({ ...agent, parameters })) };
      expect(compile(changed).problems.map(({ problem }) => `${problem.code} ${problem.class}`)).toEqual(
        Array(3).fill("WRIT106 enforcement"),
      );
    },
  );

  test("and is any value where no rule names it", async () => {
    const rules = spec("allow: list_files", "mode: any, ratio: float");
    const inputs = { mode: [null, { a: 1 }], ratio: 1.5 };
    expect(await outcomes(rules, [calling("list_files", {}, { context: { inputs } })])).toEqual(["allow"]);
  });

  test("a rule about any action is about every action", async () => {
    const everything = spec('allow: "*"');
    expect(
      await outcomes(everything, [calling("shell", { command: "ls" }), publishing("a"), onRun("respond")]),
    ).toEqual(["allow", "allow", "allow"]);
    const nothing = spec('allow: "*"\ndeny: "*" if context.iteration > 0');
    expect(await outcomes(nothing, [calling("shell", { command: "ls" }), onRun("respond")])).toEqual([
      "forbidden",
      "forbidden",
    ]);
  });

  test("requirements become obligations with the rule that asks", async () => {
    const rules = spec('allow: shell\nrequire: { approval: true, sandbox_tier: "docker", timeout: "30s" }');
    const policies = await loadPolicies(decider, [compile(rules)]);
    const decision = await policies.decide(calling("shell", { command: "ls" }), signal);
    expect(decision.outcome).toBe("step-up");
    expect(decision.obligations.map(({ rule, ...rest }) => ({ ...rest, rule: rule.rule }))).toEqual([
      { k: "approval", approvers: [], min: 1, notInitiator: false, rule: "reader/p/2.approval" },
      { k: "sandbox-tier", tier: "docker", rule: "reader/p/2.sandbox-tier" },
      { k: "timeout", timeoutMs: 30_000, rule: "reader/p/2.timeout" },
    ]);
  });
});
