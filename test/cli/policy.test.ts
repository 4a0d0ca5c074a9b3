import { describe, expect, test } from "vitest";
import type { Decision, Explanation } from "#protocol/policy-vocabulary.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { PolicyWorld } from "./policy-rig.ts";
import { runPolicy } from "./policy-rig.ts";

const world: PolicyWorld = {
  agentFile: `agent reader(topic: String) {
  policy files {
    allow: read_file(path) if path.starts_with("docs/") && !path.ends_with(".key")
    allow: list_files
    allow: run_javascript
    deny: run_javascript(code) if code.contains("while (true)")
    require: { approval: true } if topic == "secret"
  }
  policy publishing {
    allow: publish_file(path) if path.starts_with("notes/")
  }
  with sandbox = "wasm" { }
}
`,
  workspace: `// What this team agreed on.
permit (
  principal in AgentFolder::"agents",
  action in Action::"tool_call",
  resource
);

@doc("Programs end soon.")
@require("timeout:30s")
permit (principal, action == Action::"tool_call::run_javascript", resource);

@doc("Two people agree before anything is deleted.")
@require("approval")
@approvers("alice, bob")
@min("2")
permit (principal, action == Action::"publish_file", resource)
when { resource.change == "removed" };

forbid (principal, action == Action::"tool_call::read_file", resource)
when { context.args.path like "docs/private/*" };
`,
};

const ask = (fields: object): string => JSON.stringify(fields);
const read = (path: string): string =>
  ask({ tool: "read_file", arguments: { path }, context: { inputs: { topic: "x" } } });

describe("policy evaluate", () => {
  test.each<readonly [string, string, number, string]>([
    ["allowed", read("docs/a.md"), 0, "allowed"],
    ["forbidden", read("docs/private/a.md"), 1, "forbidden"],
    ["not-permitted", read("src/a.ts"), 1, "not-permitted"],
    [
      "no-permit",
      ask({
        action: "subscribe",
        resource: { type: "Topic", id: "news" },
        context: { inputs: { topic: "x" } },
      }),
      1,
      "no-permit",
    ],
    [
      "conditions",
      ask({ tool: "run_javascript", arguments: { code: "1 + 1" }, context: { inputs: { topic: "x" } } }),
      0,
      "conditions",
    ],
    ["step-up", ask({ tool: "list_files", context: { inputs: { topic: "secret" } } }), 1, "step-up"],
    ["unknown", ask({ tool: "fly" }), 1, "unknown"],
    [
      "removal",
      ask({
        tool: "publish_file",
        arguments: { path: "notes/a.md" },
        resource: { type: "File", id: "notes/a.md", attributes: { change: "removed", size_bytes: 0 } },
        context: { inputs: { topic: "x" } },
      }),
      1,
      "removal",
    ],
  ])("%s", async (_what, request, code, golden) => {
    const said = await runPolicy(world, "evaluate", request);
    expectGolden(new URL(`goldens/policy-evaluate-${golden}.txt`, import.meta.url), said.out);
    expect(said).toMatchObject({ code, err: "" });
  });

  test("in JSON it is the decision", async () => {
    verifies("policy.decision.allow-deny");
    const said = await runPolicy(world, "evaluate", read("docs/private/a.md"), { json: true });
    const decision = JSON.parse(said.out) as Decision;
    expect(decision).toMatchObject({
      v: 1,
      outcome: "deny",
      denyReason: "forbidden",
      rules: [
        {
          rule: "policies/team.cedar#4",
          layer: "workspace",
          effect: "forbid",
          file: "policies/team.cedar",
          range: { line: 19, column: 1 },
        },
      ],
    });
    expect(said.code).toBe(1);
  });

  test("a request with an agent above is for that agent, unless it says otherwise", async () => {
    const above = { ancestors: [{ type: "Agent", id: "agents/reader.symbi#reader" }] };
    const plain = {
      tool: "read_file",
      arguments: { path: "docs/a.md" },
      context: { inputs: { topic: "x" } },
    };
    const reasonOf = async (more: object): Promise<string | null> => {
      const { out } = await runPolicy(world, "evaluate", ask({ ...plain, ...more }), { json: true });
      return (JSON.parse(out) as Decision).denyReason;
    };
    expect(await reasonOf(above)).not.toBe("unknown");
    expect(await reasonOf({ ...above, onBehalfOf: { kind: "user", id: "ada" } })).toBe("unknown");
    expect(await reasonOf({ onBehalfOf: { kind: "client", id: "desk" } })).not.toBe("unknown");
  });

  test("in forty columns nothing is wider", async () => {
    const said = await runPolicy(world, "evaluate", read("src/a.ts"), { columns: 40 });
    expect(said.out.split("\n").length).toBeGreaterThan(5);
    for (const line of said.out.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
  });

  test("what a model wrote is shown, and never obeyed by a terminal", async () => {
    const said = await runPolicy(
      world,
      "evaluate",
      ask({ tool: "publish_file", arguments: { path: "a\u001b[31m\u202e\nb" } }),
    );
    expect(said.err).toContain("a\\e[31m\\u{202e}\\nb");
    expect(`${said.out}${said.err}`).not.toMatch(/[\u001b\u202e]/);
  });
});

describe("a call is asked about as a run would make it", () => {
  const decisionOn = async (path: string): Promise<readonly [number, string | undefined]> => {
    const request = ask({ tool: "read_file", arguments: { path }, context: { inputs: { topic: "x" } } });
    const { code, out } = await runPolicy(world, "evaluate", request, { json: true });
    return [code, out === "" ? undefined : ((JSON.parse(out) as Decision).denyReason ?? "none")];
  };

  test("what may be written around a path changes nothing", async () => {
    for (const path of ["docs/private/a.md", "./docs/private/a.md", ".//docs/private/a.md/"])
      expect(await decisionOn(path), path).toEqual([1, "forbidden"]);
  });

  test.each(["docs/../docs/private/a.md", "/docs/a.md", "docs\\a.md", "docs/\u0000", "docs/e\u0301.md", ""])(
    "`%s` is refused, as a run would refuse it",
    async (path) => {
      expect(await decisionOn(path)).toEqual([2, undefined]);
    },
  );

  test("arguments that the tool does not have, or that are missing, are refused", async () => {
    for (const request of [
      { tool: "read_file" },
      { tool: "read_file", arguments: { path: "docs/a.md", x: 1 } },
    ]) {
      const said = await runPolicy(world, "evaluate", ask(request));
      expect(said).toMatchObject({ code: 2, out: "" });
      expect(said.err).toContain("a run would refuse the arguments");
    }
  });
});

describe("policy explain", () => {
  test.each<readonly [string, string, number, string]>([
    ["a denial for want of a permit", read("src/a.ts"), 1, "not-permitted"],
    ["a condition in the middle", read("docs/a.key"), 1, "second-condition"],
    ["a rule that forbids", read("docs/private/a.md"), 1, "forbidden"],
    [
      "something that nothing permits",
      ask({ action: "store", resource: { type: "Memory", id: "m" }, context: { inputs: { topic: "x" } } }),
      1,
      "no-permit",
    ],
    ["what is allowed", ask({ tool: "list_files", context: { inputs: { topic: "x" } } }), 0, "allowed"],
    [
      "a guarded file",
      ask({
        tool: "publish_file",
        arguments: { path: ".github/workflows/x.yml" },
        context: { inputs: { topic: "x" } },
      }),
      1,
      "guarded",
    ],
  ])("%s", async (_what, request, code, golden) => {
    verifies("policy.beyond.explain");
    const said = await runPolicy(world, "explain", request);
    expectGolden(new URL(`goldens/policy-explain-${golden}.txt`, import.meta.url), said.out);
    expect(said).toMatchObject({ code, err: "" });
  });

  test("in JSON each rule says how it came out", async () => {
    const said = await runPolicy(world, "explain", read("src/a.ts"), { json: true });
    const { layers, suggestion, advice } = JSON.parse(said.out) as Explanation;
    expect(layers.map(({ layer, says }) => [layer, says])).toEqual([
      ["builtin", "silent"],
      ["workspace", "permits"],
      ["file", "does-not-permit"],
    ]);
    expect(layers[2]?.rules[0]).toMatchObject({
      rule: { rule: "reader/files/1", range: { line: 3 } },
      holds: "no",
      why: '`path.starts_with("docs/")` does not hold',
    });
    expect(suggestion).toEqual([]);
    expect(advice).toEqual([
      '`reader/files/1` permits it under a condition that would have to be widened: `path.starts_with("docs/")` does not hold',
    ]);
  });

  test("a permit with a condition is not answered with one without", async () => {
    const explained = async (request: string, world: PolicyWorld): Promise<Explanation> =>
      JSON.parse((await runPolicy(world, "explain", request, { json: true })).out) as Explanation;
    const publish = ask({
      tool: "publish_file",
      arguments: { path: "a" },
      context: { inputs: { topic: "x" } },
    });
    expect(await explained(publish, world)).toMatchObject({
      suggestion: [],
      advice: [
        '`reader/publishing/1` permits it under a condition that would have to be widened: `path.starts_with("notes/")` does not hold',
      ],
    });
    // A permit of one file, and one of somebody else, which says nothing about this agent.
    const one = `permit (principal, action == Action::"publish_file", resource == File::"b");`;
    const others = `permit (principal in AgentName::"other", action == Action::"publish_file", resource);`;
    const bare = { agentFile: world.agentFile.replace(' if path.starts_with("notes/")', "") };
    expect(await explained(publish, { ...bare, workspace: one })).toMatchObject({
      suggestion: [],
      advice: [expect.stringContaining("policies/team.cedar#1")],
    });
    expect(await explained(publish, { ...bare, workspace: others })).toMatchObject({
      suggestion: [{ where: "workspace" }],
      advice: [],
    });
  });

  test("an argument that is another one is said without quotes within quotes", async () => {
    const agentFile = world.agentFile.replace(
      "read_file(path) if",
      'read_file("docs/a.md")\n    allow: shell if',
    );
    const only = agentFile.replace(/\n {4}allow: shell if.*/, "");
    const { out } = await runPolicy({ agentFile: only, workspace: "" }, "explain", read("b"));
    expect(out).toContain('the argument `path` is not "docs/a.md"');
    expect(out).not.toContain("does not hold`");
    expect(out).not.toContain("`the argument");
  });

  test("a tool that the tier does not offer is no matter of rules", async () => {
    const shell = { tool: "shell", arguments: { command: "ls" } };
    const inputs = { topic: "x" };
    const said = await runPolicy(
      { ...world, workspace: "" },
      "explain",
      ask({ ...shell, context: { inputs } }),
    );
    expect(said.out).toContain(
      "the tier `wasm` does not offer `shell`, whatever the rules say; it needs `docker` or `gvisor`",
    );
    expect(said.out).not.toContain("To permit it");
    const docker = { agentFile: world.agentFile.replace('"wasm"', '"docker"'), workspace: "" };
    const offered = await runPolicy(docker, "explain", ask({ ...shell, context: { inputs } }));
    expect(offered.out).toContain("allow: shell");
    expect(offered.out).not.toContain("does not offer");
  });

  test("what is suggested does permit it", async () => {
    const request = ask({
      tool: "write_file",
      arguments: { path: "a", content: "b" },
      context: { inputs: { topic: "x" } },
    });
    const bare: PolicyWorld = { agentFile: world.agentFile, workspace: "" };
    const { suggestion } = JSON.parse(
      (await runPolicy(bare, "explain", request, { json: true })).out,
    ) as Explanation;
    expect(suggestion.map(({ where }) => where)).toEqual(["file", "workspace"]);
    const [inFile, inWorkspace] = suggestion;
    const withFile = {
      ...bare,
      agentFile: bare.agentFile.replace("allow: list_files", `allow: list_files\n    ${inFile?.text}`),
    };
    expect((await runPolicy(withFile, "evaluate", request)).code).toBe(0);
    expect((await runPolicy({ ...bare, workspace: inWorkspace?.text ?? "" }, "evaluate", request)).code).toBe(
      0,
    );
  });
});

describe("a question that is none", () => {
  test.each<readonly [string, string | null, RegExp]>([
    ["nothing is named", null, /name one request/],
    ["it is not JSON", "{", /not JSON/],
    ["a key stands twice", '{ "tool": "shell", "tool": "read_file" }', /not JSON/],
    ["it is a list", "[]", /not a JSON object/],
    ["it names nothing", "{}", /neither `tool` nor `action`/],
    ["it has a field too many", ask({ tool: "shell", argument: {} }), /no field `argument`/],
    ["its action is none", ask({ action: "fly" }), /`action` of the request/],
    ["its arguments are a text", ask({ tool: "shell", arguments: "ls" }), /not an object/],
    ["its resource is half", ask({ tool: "shell", resource: { type: "Tool" } }), /`type` and `id`/],
    ["its action needs a resource", ask({ action: "store" }), /needs a `resource`/],
    ["its file has no path", ask({ tool: "publish_file" }), /`path` is missing/],
    ["its labels are numbers", ask({ tool: "shell", context: { labels: [1] } }), /list of texts/],
    ["its principal is half", ask({ tool: "shell", principal: { type: "User" } }), /`principal`/],
    ["its ancestors are names", ask({ tool: "shell", ancestors: ["x"] }), /`ancestors`/],
    ["it acts for nobody", ask({ tool: "shell", onBehalfOf: { kind: "user" } }), /`onBehalfOf`/],
    ["its tier is none", ask({ tool: "shell", context: { sandboxTier: "tier3" } }), /sandboxTier/],
    ["its iteration is a fraction", ask({ tool: "shell", context: { iteration: 1.5 } }), /whole number/],
    ["it is of another version", ask({ v: 2, tool: "shell" }), /another version/],
  ])("%s", async (_what, request, message) => {
    const said = await runPolicy(world, "evaluate", request);
    expect(said).toMatchObject({ code: 2, out: "" });
    expect(said.err).toMatch(message);
  });

  test("no agent file, one that is not there, an agent that is not in it", async () => {
    expect(await runPolicy(world, "evaluate", read("a"), { agentFile: null })).toMatchObject({
      code: 2,
      out: "",
    });
    expect(await runPolicy(world, "evaluate", read("a"), { agentFile: "nowhere.symbi" })).toMatchObject({
      code: 2,
      out: "",
    });
    expect(await runPolicy(world, "evaluate", read("a"), { agent: "nobody" })).toMatchObject({
      code: 2,
      out: "",
    });
  });

  test("files that cannot be enforced as written", async () => {
    const said = await runPolicy(
      { ...world, workspace: "forbid (principal, action, resource) when { resource.nope };" },
      "explain",
      read("a"),
    );
    expect(said).toMatchObject({ code: 1, out: "" });
    expect(said.err).toContain("policies/team.cedar:1:45");
    expect(said.err).toContain("WRIT102");
  });

  test("a rule of the agent's file about a path that no call has", async () => {
    const agentFile = world.agentFile.replace(
      "allow: list_files",
      'allow: list_files\n    deny: write_file("./a")',
    );
    const said = await runPolicy({ ...world, agentFile }, "evaluate", read("a"));
    expect(said).toMatchObject({ code: 1, out: "" });
    expect(said.err).toContain("WRIT083");
  });

  test("a policy about a path that no call has is told about beside the answer", async () => {
    const workspace = `${world.workspace}\nforbid (principal, action, resource) when { context.args has path && context.args.path == "./a" };`;
    const said = await runPolicy({ ...world, workspace }, "evaluate", read("docs/a.md"));
    expect(said.err).toContain("warning WRIT103: no call has a path that is `./a`: it has a part `.`");
    expect(said.out).not.toBe("");
    const asJson = await runPolicy({ ...world, workspace }, "evaluate", read("docs/a.md"), { json: true });
    expect(asJson.err).toBe("");
  });

  test("no engine", async () => {
    const said = await runPolicy({ ...world, engine: false }, "evaluate", read("a"));
    expect(said).toMatchObject({ code: 3, out: "" });
    expect(said.err).toContain("install it again");
  });
});
