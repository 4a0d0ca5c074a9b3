import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { abortError } from "#kernel/abort.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { createPolicyEngine } from "#policy/engine.ts";
import type { CompiledSource } from "#policy/compiled-policy.ts";
import type { LoadedPolicies } from "#policy/loaded-policies.ts";
import type { Decider, SetAnswer } from "#ports/decider.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";
import { READER, asking, calling, onRun, publishing, sha256 } from "#test/kit/policy-requests.ts";

const { signal } = new AbortController();
const ALL = "permit (principal, action, resource);";
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

const outcome = async (policies: LoadedPolicies, request: PolicyRequest): Promise<string> => {
  const decision = await policies.decide(request, signal);
  return decision.denyReason ?? decision.outcome;
};

describe("what lies outside the vocabulary is denied", () => {
  let policies: LoadedPolicies;
  beforeAll(async () => {
    policies = await loadPolicies(decider, [agentFile(ALL)]);
  });

  const run = { type: "Run", id: "run", attributes: {} } as const;
  test.each<readonly [string, PolicyRequest]>([
    ["another version", calling("read_file", {}, { v: 2 as 1 })],
    ["an unknown action", onRun("respond", { action: "fly" as "respond" })],
    ["an unknown tool", calling("fly")],
    ["no tool", calling("read_file", {}, { tool: null })],
    ["a tool for another action", onRun("respond", { tool: "read_file" })],
    [
      "another tool's resource",
      calling("read_file", {}, { resource: { type: "Tool", id: "shell", attributes: {} } }),
    ],
    ["an unknown type of resource", onRun("respond", { resource: { ...run, type: "Planet" as "Run" } })],
    [
      "a resource of another action",
      onRun("respond", { resource: { type: "Topic", id: "t", attributes: {} } }),
    ],
    ["an unknown attribute", onRun("respond", { resource: { ...run, attributes: { colour: "red" } } })],
    [
      "an attribute of another type",
      publishing("a", {
        resource: { type: "File", id: "a", attributes: { change: "changed", size_bytes: "1" } },
      }),
    ],
    [
      "a number that is not whole",
      publishing("a", {
        resource: { type: "File", id: "a", attributes: { change: "changed", size_bytes: 1.5 } },
      }),
    ],
    [
      "a missing attribute",
      publishing("a", { resource: { type: "File", id: "a", attributes: { change: "changed" } } }),
    ],
    [
      "an attribute against the id",
      publishing("a", {
        resource: {
          type: "File",
          id: "a",
          attributes: { change: "changed", size_bytes: 1, folded_path: "b" },
        },
      }),
    ],
    [
      "an inherited attribute's name",
      onRun("respond", { resource: { ...run, attributes: { constructor: "x" } } }),
    ],
    ["an id in another form", publishing("a b")],
    ["an agent without a file", calling("read_file", {}, { principal: { type: "Agent", id: "reader" } })],
    [
      "an agent that is not loaded",
      calling("read_file", {}, { principal: { type: "Agent", id: "agents/other.symbi#other" } }),
    ],
    [
      "an unknown type of principal",
      calling("read_file", {}, { principal: { type: "Robot" as "User", id: "x" } }),
    ],
    [
      "an origin with a path",
      onRun("respond", {
        action: "http_request",
        resource: { type: "Host", id: "https://example.org/", attributes: { method: "GET", path: "/" } },
      }),
    ],
    [
      "an origin with its default port",
      onRun("respond", {
        action: "http_request",
        resource: { type: "Host", id: "https://example.org:443", attributes: { method: "GET", path: "/" } },
      }),
    ],
    [
      "an origin in upper case",
      onRun("respond", {
        action: "http_request",
        resource: { type: "Host", id: "https://Example.org", attributes: { method: "GET", path: "/" } },
      }),
    ],
    [
      "a model without a provider",
      asking(true, { resource: { type: "Model", id: "gpt", attributes: { remote: true, chosen: true } } }),
    ],
    ["on behalf of nothing known", onRun("respond", { onBehalfOf: { kind: "moon" as "user", id: "x" } })],
    ["an unknown tier", onRun("respond", { context: { sandboxTier: "none" as "wasm" } })],
    ["a label that is malformed", onRun("respond", { context: { labels: ["\ud800"] } })],
    [
      "too many labels",
      onRun("respond", {
        context: { labels: Array.from({ length: 257 }, (_, index) => `l${index + 1_000}`) },
      }),
    ],
    ["labels out of order", onRun("respond", { context: { labels: ["b", "a"] } })],
    ["a label twice", onRun("respond", { context: { labels: ["a", "a"] } })],
    ["a label that is no text", onRun("respond", { context: { labels: [1 as never] } })],
    ["a run that is no text of sense", onRun("respond", { context: { run: "x".repeat(5_000) } })],
    ["an iteration below nothing", onRun("respond", { context: { iteration: -1 } })],
    ["an iteration that is not whole", onRun("respond", { context: { iteration: 1.5 } })],
    ["the resource of another run", onRun("respond", { resource: { ...run, id: "another" } })],
    [
      "what is taken, by who takes nothing",
      onRun("respond", { resource: { ...run, attributes: { tokens: 1 } } }),
    ],
    [
      "less than nothing taken",
      onRun("allocate", { resource: { ...run, attributes: { within_profile: true, tokens: -1 } } }),
    ],
    [
      "a change that is none",
      publishing("a", {
        resource: { type: "File", id: "a", attributes: { change: "moved", size_bytes: 1 } },
      }),
    ],
    [
      "a size below nothing",
      publishing("a", {
        resource: { type: "File", id: "a", attributes: { change: "created", size_bytes: -1 } },
      }),
    ],
    [
      "a label of a resource twice",
      onRun("respond", { resource: { ...run, attributes: { labels: ["a", "a"] } } }),
    ],
    [
      "effects with one left out and one twice",
      calling(
        "run_javascript",
        {},
        {
          resource: {
            type: "Tool",
            id: "run_javascript",
            attributes: { effects: ["reads-run-files", "reads-run-files", "writes-run-files"] },
          },
        },
      ),
    ],
    ["a tool for another action, called", calling("publish_file")],
    ["a member too many", { ...onRun("respond"), note: "x" } as PolicyRequest],
    ["a member too few", { ...onRun("respond"), ancestors: undefined } as never],
    ["a member too many in the context", onRun("respond", { context: { when: "now" } as never })],
    [
      "a member too many in a principal",
      onRun("respond", { principal: { type: "User", id: "u", name: "u" } as never }),
    ],
    ["arguments that are a list", onRun("respond", { arguments: [] as never })],
    ["a parent that is no principal above", onRun("respond", { onBehalfOf: { kind: "agent", id: READER } })],
    [
      "an agent above that it is not on behalf of",
      onRun("respond", { ancestors: [{ type: "Agent", id: READER }] }),
    ],
    [
      "on behalf of another agent than the one above",
      onRun("respond", {
        ancestors: [{ type: "Agent", id: READER }],
        onBehalfOf: { kind: "agent", id: "agents/boss.symbi#boss" },
      }),
    ],
    [
      "on behalf of an agent, under a user",
      onRun("respond", {
        ancestors: [{ type: "User", id: "alice" }],
        onBehalfOf: { kind: "agent", id: READER },
      }),
    ],
    ["unknown and not encodable", calling("fly", { path: "\ud800" })],
    [
      "too many principals above",
      onRun("respond", { ancestors: Array.from({ length: 17 }, () => ({ type: "User", id: "u" }) as const) }),
    ],
  ])("%s", async (_what, request) => {
    expect(await outcome(policies, request)).toBe("unknown");
  });

  const requesting = (origin: string, more: JsonObject = {}): PolicyRequest =>
    onRun("respond", {
      action: "http_request",
      resource: { type: "Host", id: origin, attributes: { method: "GET", path: "/", ...more } },
    });

  test.each([
    "https://example.org",
    "https://example.org:8443",
    "http://127.0.0.1",
    "http://127.0.0.1:65535",
    "http://[::1]:8080",
    "https://xn--bcher-kva.example",
    "http://a_b",
  ])("%s is a host", async (origin) => {
    expect(await outcome(policies, requesting(origin))).toBe("allow");
  });

  test.each([
    "http://127.1",
    "http://0x7f000001",
    "http://2130706433",
    "http://0177.0.0.1",
    "http://127.0.0.1.",
    "http://example.org.",
    "http://a..b",
    "http://.a",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::FFFF]",
    "http://[::1",
    "https://bücher.example",
    "http://example.org:80",
    "http://example.org:080",
    "http://example.org:65536",
    "http://example.org:",
    "http://user@example.org",
    "http://example.org/",
    "http://example.org?x",
    "ftp://example.org",
    "HTTP://example.org",
    "http:example.org",
    "http://",
    "http://1.2.3.4.5",
    `http://${"a".repeat(5_000)}`,
  ])("%s is no host", async (origin) => {
    expect(await outcome(policies, requesting(origin))).toBe("unknown");
  });

  test.each([
    [{ path: "/a/b.c" }, "allow"],
    [{ path: "/a%20b" }, "allow"],
    [{ path: "//b" }, "allow"],
    [{ method: "PROPFIND" }, "allow"],
    [{ path: "" }, "unknown"],
    [{ path: "a" }, "unknown"],
    [{ path: "/a/../b" }, "unknown"],
    [{ path: "/a b" }, "unknown"],
    [{ path: "/a?b" }, "unknown"],
    [{ path: "/a#b" }, "unknown"],
    [{ path: "\\a" }, "unknown"],
    [{ path: `/${"a".repeat(4_096)}` }, "unknown"],
    [{ method: "get" }, "unknown"],
    [{ method: "" }, "unknown"],
    [{ method: "A".repeat(33) }, "unknown"],
  ] as const)("a request %j is %s", async (more, expected) => {
    expect(await outcome(policies, requesting("https://example.org", more))).toBe(expected);
  });

  const deep = (depth: number): JsonValue => (depth === 0 ? 1 : [deep(depth - 1)]);
  test.each<readonly [string, PolicyRequest]>([
    ["half of a surrogate pair", calling("read_file", { path: "\ud800" })],
    [
      "half of a surrogate pair in an argument that no rule looks at",
      calling("read_file", { other: "\ud800" }),
    ],
    ["half of a surrogate pair in a key", calling("read_file", { "\udc00": 1 })],
    ["too deep", calling("read_file", { path: deep(30) })],
    ["too many values", calling("read_file", { path: Array.from({ length: 20_000 }, () => 1) })],
    [
      "too long altogether",
      calling(
        "read_file",
        Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, "x".repeat(100_000)])),
      ),
    ],
    ["inputs that are too deep", calling("read_file", {}, { context: { inputs: { a: deep(30) } } })],
    ["an argument of another type", calling("read_file", { path: 3 })],
    ["an argument of a tool of another action", publishing("a", { arguments: { path: ["a"] } })],
    ["an optional argument that is null", calling("list_files", { path: null })],
    ["an input that nobody declared", calling("read_file", {}, { context: { inputs: { a: "x" } } })],
    [
      "an input of who is no agent",
      calling("read_file", {}, { principal: { type: "User", id: "alice" }, context: { inputs: { a: "x" } } }),
    ],
  ])("what cannot be put to the policies is denied: %s", async (_what, request) => {
    expect(await outcome(policies, request)).toBe("not-decidable");
  });

  test("four megabytes of text that no rule looks at are decided", async () => {
    expect(
      await outcome(policies, calling("write_file", { path: "a", content: "x".repeat(4 * 1024 * 1024) })),
    ).toBe("allow");
  });

  test("a rule that looks for something in a text too long for it forbids", async () => {
    const looks = await loadPolicies(decider, [
      agentFile(
        `${ALL} forbid (principal, action, resource) when { context.args has content && context.args.content like "*password*" };`,
      ),
    ]);
    expect(await outcome(looks, calling("write_file", { path: "a", content: "nothing" }))).toBe("allow");
    expect(await outcome(looks, calling("write_file", { path: "a", content: "x".repeat(200_000) }))).toBe(
      "policy-error",
    );
  });
});

describe("bare Cedar and the engine", () => {
  test("a forbid that errs: Cedar allows, the engine denies", async () => {
    const overflow =
      "forbid (principal, action, resource) when { context.iteration + 9223372036854775807 > 0 };";
    await decider.load([{ name: "bare", policies: { all: ALL, errs: overflow } }], signal);
    const bare = await decider.decide(
      {
        principal: { type: "Agent", id: READER },
        action: { type: "Action", id: "tool_call::read_file" },
        resource: { type: "Tool", id: "read_file" },
        context: { iteration: 1 },
        entities: [],
      },
      ["bare"],
      signal,
    );
    expect(bare).toMatchObject({ ok: true, value: [{ allowed: true, errors: [{ policyId: "errs" }] }] });
    const policies = await loadPolicies(decider, [agentFile(ALL + overflow)]);
    const decision = await policies.decide(calling("read_file", { path: "a" }), signal);
    expect(decision).toMatchObject({ outcome: "deny", denyReason: "policy-error" });
    expect(decision.rules.map(({ rule }) => rule)).toEqual(["agents/reader.symbi#2"]);
    expect(decision.errors[0]).toMatchObject({ rule: "agents/reader.symbi#2" });
    expect(decision.errors[0]?.message).toMatch(/overflow/);
  });

  test("an id that a policy gives itself is not its name", async () => {
    const policies = await loadPolicies(decider, [agentFile(`@id("the-one") ${ALL}`)]);
    const { rules } = await policies.decide(calling("read_file", { path: "a" }), signal);
    expect(rules.map(({ rule }) => rule)).toEqual(["agents/reader.symbi#1"]);
  });
});

describe("principals above", () => {
  const boss = "agents/boss.symbi#boss";
  const chain = {
    ancestors: [{ type: "Agent", id: boss }],
    onBehalfOf: { kind: "agent", id: boss },
  } as const;

  test("an agent does nothing that the one above it may not do", async () => {
    const request = calling("read_file", { path: "a" }, chain);
    const both = await loadPolicies(decider, [agentFile(ALL), agentFile(ALL, boss)]);
    expect(await outcome(both, request)).toBe("allow");
    const narrow = await loadPolicies(decider, [
      agentFile(ALL),
      agentFile('permit (principal, action == Action::"respond", resource);', boss),
    ]);
    expect(await outcome(narrow, request)).toBe("no-permit");
    const forbidding = await loadPolicies(decider, [
      agentFile(ALL),
      agentFile(`${ALL} forbid (principal, action in Action::"tool_call", resource);`, boss),
    ]);
    expect(await outcome(forbidding, request)).toBe("forbidden");
    expect(await outcome(forbidding, calling("read_file", { path: "a" }))).toBe("allow");
  });

  test("what the one above must ask for is asked for", async () => {
    const policies = await loadPolicies(decider, [
      agentFile(ALL),
      agentFile(`${ALL} @require("timeout:5s") permit (principal, action, resource);`, boss),
    ]);
    const decision = await policies.decide(calling("read_file", { path: "a" }, chain), signal);
    expect(decision.obligations).toMatchObject([{ k: "timeout", timeoutMs: 5_000 }]);
  });

  test("rules of the one above see none of the inputs, which mean another thing in its file", async () => {
    const reader: CompiledSource = { ...agentFile(ALL), inputs: [{ name: "mode", type: "string" }] };
    const safe: CompiledSource = {
      ...agentFile(
        'permit (principal, action, resource) when { context.inputs has mode && context.inputs.mode == "safe" };',
        boss,
      ),
      inputs: [{ name: "mode", type: "string" }],
    };
    const request = calling("read_file", { path: "a" }, { ...chain, context: { inputs: { mode: "safe" } } });
    const narrow = await loadPolicies(decider, [reader, safe]);
    expect(await outcome(narrow, request)).toBe("not-permitted");
    const same = { ...request, principal: { type: "Agent", id: boss } } as const;
    expect(await outcome(narrow, { ...same, ancestors: [], onBehalfOf: { kind: "user", id: "alice" } })).toBe(
      "allow",
    );
    // An agent that started itself is asked twice, and only the one who acts has inputs.
    expect(await outcome(narrow, same)).toBe("not-permitted");
  });

  test("who is denied is denied, whether or not the one above can be asked", async () => {
    const real = inProcessCedar();
    const lossy: Decider = {
      ...real,
      decide: (request, ...rest) =>
        request.principal.id === boss
          ? Promise.resolve(failed(fault("DECIDER_LOST", "gone")))
          : real.decide(request, ...rest),
    };
    const request = calling("read_file", { path: "a" }, chain);
    const forbidding = await loadPolicies(lossy, [
      agentFile(`${ALL} forbid (principal, action in Action::"tool_call", resource);`),
      agentFile(ALL, boss),
    ]);
    expect(await outcome(forbidding, request)).toBe("forbidden");
    const permitting = await loadPolicies(lossy, [agentFile(ALL), agentFile(ALL, boss)]);
    expect(await outcome(permitting, request)).toBe("not-decidable");
  });

  test("errors of those behind the one that decides are not told", async () => {
    const overflow =
      "permit (principal, action, resource) when { context.iteration + 9223372036854775807 > 0 };";
    const policies = await loadPolicies(decider, [
      agentFile(`forbid (principal, action, resource);`),
      agentFile(ALL + overflow, boss),
    ]);
    const decision = await policies.decide(calling("read_file", { path: "a" }, chain), signal);
    expect(decision).toMatchObject({ denyReason: "forbidden", errors: [] });
  });

  test("rules see how deep the chain is", async () => {
    const policies = await loadPolicies(decider, [
      agentFile(`${ALL} forbid (principal, action, resource) when { context.depth > 0 };`),
      agentFile(ALL, boss),
    ]);
    expect(await outcome(policies, calling("read_file", { path: "a" }))).toBe("allow");
    expect(await outcome(policies, calling("read_file", { path: "a" }, chain))).toBe("forbidden");
  });
});

describe("whatever becomes of the engine", () => {
  /** Real Cedar, with one answer replaced. */
  const broken = (answer: Decider["decide"]): Decider => {
    const real = inProcessCedar();
    let loading = true;
    return {
      ...real,
      decide: (...question) => (loading ? real.decide(...question) : answer(...question)),
      close: async () => {
        loading = false;
      },
    };
  };
  const decideWith = async (answer: Decider["decide"]): Promise<string> => {
    const faulty = broken(answer);
    const policies = await loadPolicies(faulty, [agentFile(ALL)]);
    await faulty.close();
    return outcome(policies, calling("read_file", { path: "a" }));
  };
  const answering = (...answers: readonly (readonly Partial<SetAnswer>[])[]): Decider["decide"] => {
    let index = 0;
    return async (_request, sets) => {
      const answer = answers[index] ?? [];
      index += 1;
      return ok(
        answer.map((one, at) => ({
          set: sets[at] ?? "",
          allowed: true,
          determining: ["agents/reader.symbi#1"],
          errors: [],
          ...one,
        })),
      );
    };
  };

  test.each<readonly [string, Decider["decide"], string]>([
    ["it is lost", async () => failed(fault("DECIDER_LOST", "gone")), "not-decidable"],
    ["it takes too long", async () => failed(fault("DECIDER_TIMEOUT", "late")), "not-decidable"],
    ["it refuses", async () => failed(fault("DECIDER_REFUSED", "no")), "not-decidable"],
    ["it answers nothing", answering([]), "not-decidable"],
    ["it answers for another set", answering([{ set: "another" }]), "not-decidable"],
    ["it answers more than was asked", answering([{}, {}]), "not-decidable"],
    ["it names a policy that is none", answering([{ determining: ["nobody"] }]), "not-decidable"],
    [
      "it names an error of a policy that is none",
      answering([{ errors: [{ policyId: "nobody", message: "" }] }]),
      "not-decidable",
    ],
    ["it denies because of a permit", answering([{ allowed: false }]), "not-decidable"],
    ["it answers well", answering([{}]), "allow"],
  ])("%s", async (_what, answer, expected) => {
    expect(await decideWith(answer)).toBe(expected);
  });

  test("only an abort rejects", async () => {
    const policies = await loadPolicies(decider, [agentFile(ALL)]);
    const controller = new AbortController();
    controller.abort(new Error("for a reason"));
    await expect(policies.decide(calling("read_file"), controller.signal)).rejects.toMatchObject({
      name: "AbortError",
    });
    await expect(
      decideWith(async () => {
        throw abortError();
      }),
    ).rejects.toMatchObject({ name: "AbortError" });
  });

  test("closed policies deny", async () => {
    const policies = await loadPolicies(decider, [agentFile(`${ALL} // closed`)]);
    expect(await outcome(policies, calling("read_file"))).toBe("allow");
    policies.close();
    policies.close();
    expect(await outcome(policies, calling("read_file"))).toBe("not-decidable");
  });
});

describe("sets that several versions share", () => {
  test("stay until the last of them is closed", async () => {
    const real = inProcessCedar();
    const gone: string[] = [];
    const watched: Decider = {
      ...real,
      unload: (names) => {
        gone.push(...names);
        real.unload(names);
      },
    };
    const engine = createPolicyEngine({ decider: watched, digest: sha256, tools: BUILTIN_TOOLS });
    const load = async (): Promise<LoadedPolicies> => {
      const loading = await engine.load(
        [agentFile("permit (principal, action, resource) when { context.iteration == 1 };")],
        signal,
      );
      if (!loading.ok || loading.value.policies === null) throw new Error("not loaded");
      return loading.value.policies;
    };
    const [one, two] = [await load(), await load()];
    // Each has explained a denial, which loads the questions about its rules.
    const denied = calling("read_file", {}, { context: { iteration: 2 } });
    const explained = await Promise.all([one, one, two].map((policies) => policies.decide(denied, signal)));
    expect(explained.map(({ missing }) => missing[0]?.why)).toEqual(
      Array(3).fill("`context.iteration == 1` does not hold"),
    );
    one.close();
    expect(gone).toEqual([]);
    expect(await outcome(two, calling("read_file"))).toBe("allow");
    expect((await two.decide(denied, signal)).missing[0]?.why).toBe("`context.iteration == 1` does not hold");
    two.close();
    expect(new Set(gone).size).toBeGreaterThan(2);
    expect(new Set(gone).size).toBe(gone.length);
    const three = await load();
    expect(await outcome(three, calling("read_file"))).toBe("allow");
  });

  test("a load that fails holds nothing", async () => {
    const real = inProcessCedar();
    const gone: string[] = [];
    const failing: Decider = {
      ...real,
      load: async () => failed(fault("DECIDER_LOST", "gone")),
      unload: (names) => void gone.push(...names),
    };
    const loading = await createPolicyEngine({ decider: failing, digest: sha256, tools: BUILTIN_TOOLS }).load(
      [agentFile(ALL)],
      signal,
    );
    expect(loading).toMatchObject({ ok: false, fault: { code: "DECIDER_LOST" } });
    expect(gone.length).toBeGreaterThan(0);
  });
});

describe("the digest of the effective policies", () => {
  const digestOf = async (...sources: Parameters<typeof loadPolicies>[1]): Promise<string> =>
    (await loadPolicies(decider, sources)).policies;

  test("is the same for the same, and another for any other text, layer, file or order of authority", async () => {
    const one = await digestOf(cedarSource("user", ALL), agentFile(ALL));
    expect(await digestOf(cedarSource("user", ALL), agentFile(ALL))).toBe(one);
    const others = [
      await digestOf(cedarSource("user", `${ALL} `), agentFile(`${ALL}${ALL}`)),
      await digestOf(cedarSource("workspace", ALL), agentFile(ALL)),
      await digestOf(cedarSource("user", ALL, "other.cedar"), agentFile(ALL)),
      await digestOf(agentFile(ALL)),
    ];
    expect(new Set([one, ...others]).size).toBe(5);
  });
});

describe("changed policies", () => {
  test("hold from the next decision on, and the old version keeps deciding for whoever holds it", async () => {
    const before = await loadPolicies(decider, [agentFile(ALL)]);
    const after = await loadPolicies(decider, [agentFile(`${ALL} forbid (principal, action, resource);`)]);
    expect(await outcome(before, calling("read_file"))).toBe("allow");
    expect(await outcome(after, calling("read_file"))).toBe("forbidden");
    expect(before.policies).not.toBe(after.policies);
  });
});
