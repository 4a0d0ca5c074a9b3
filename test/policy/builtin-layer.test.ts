import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILTIN_LAYER } from "#policy/builtin-layer.ts";
import { policiesToCheck } from "#policy/policy-check.ts";
import type { LoadedPolicies } from "#policy/loaded-policies.ts";
import { cedarSchema } from "#policy/schema.ts";
import type { Decider } from "#ports/decider.ts";
import { entityId } from "#protocol/entity-id.ts";
import type { ActionName, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, loadPolicies } from "#test/kit/policy-engine.ts";
import { asking, calling, onRun, publishing } from "#test/kit/policy-requests.ts";
import { verifies } from "#test/kit/verifies.ts";

const { signal } = new AbortController();
let decider: Decider;
/** Nothing but the built-in layer, and beside it an agent whose own file permits everything. */
let alone: LoadedPolicies;
let generous: LoadedPolicies;
beforeAll(async () => {
  decider = inProcessCedar();
  alone = await loadPolicies(decider, [agentFile("")]);
  generous = await loadPolicies(decider, [agentFile("permit (principal, action, resource);")]);
});
afterAll(() => decider.close());

const outcome = async (policies: LoadedPolicies, request: PolicyRequest): Promise<string> => {
  const decision = await policies.decide(request, signal);
  return decision.denyReason ?? decision.outcome;
};

test("is valid against the vocabulary, and everything in it can hold", async () => {
  const check = await decider.check(policiesToCheck([BUILTIN_LAYER]), cedarSchema(BUILTIN_TOOLS, []), signal);
  expect(check).toMatchObject({ ok: true, value: { problems: [] } });
  expect(BUILTIN_LAYER.policies.length).toBeGreaterThan(8);
});

describe("without any other rule", () => {
  test("no tool can be called and nothing published", async () => {
    verifies("gate.secure-by-default");
    for (const tool of BUILTIN_TOOLS.filter(({ action }) => action === "tool_call")) {
      expect(await outcome(alone, calling(tool.name))).toBe("no-permit");
    }
    expect(await outcome(alone, publishing("a.md"))).toBe("no-permit");
  });

  test("an agent may answer, end itself, and think with the chosen model", async () => {
    expect(await outcome(alone, onRun("respond"))).toBe("allow");
    expect(await outcome(alone, onRun("terminate"))).toBe("allow");
    expect(await outcome(alone, asking(true))).toBe("allow");
    expect(await outcome(alone, asking(false))).toBe("not-permitted");
  });

  test.each(["schedule", "webhook"] as const)(
    "what a %s started has no model until a layer gives it one",
    async (kind) => {
      const onBehalfOf = { kind, id: "x" };
      expect(await outcome(alone, asking(true, { onBehalfOf }))).toBe("not-permitted");
      expect(await outcome(alone, onRun("allocate", { onBehalfOf }))).toBe("not-permitted");
    },
  );

  test("resources are what the profile covers", async () => {
    const asked = (attributes: PolicyRequest["resource"]["attributes"]) =>
      outcome(alone, onRun("allocate", { resource: { type: "Run", id: "run", attributes } }));
    expect(await asked({ within_profile: true, memory_bytes: 1 })).toBe("allow");
    expect(await asked({ within_profile: false })).toBe("not-permitted");
    expect(await asked({})).toBe("not-permitted");
  });

  test("everything else is denied", async () => {
    const elsewhere: readonly (readonly [ActionName, PolicyRequest["resource"]])[] = [
      ["delegate", { type: "Agent", id: "a.symbi#a", attributes: {} }],
      ["send", { type: "Topic", id: "t", attributes: {} }],
      ["subscribe", { type: "Topic", id: "t", attributes: {} }],
      ["recall", { type: "Memory", id: "m", attributes: {} }],
      ["store", { type: "Memory", id: "m", attributes: {} }],
      ["http_request", { type: "Host", id: "https://example.org", attributes: { method: "GET", path: "/" } }],
    ];
    for (const [action, resource] of elsewhere) {
      expect(await outcome(alone, onRun("respond", { action, resource }))).toBe("no-permit");
    }
  });
});

describe("publishing asks a person first", () => {
  const publish = (path: string): Promise<string> => outcome(generous, publishing(entityId(path)));

  test.each([
    // policies and configuration
    "policies/a.cedar",
    "policies/README.md",
    "sub/policies/a.txt",
    "anywhere/rules.cedar",
    "writ.toml",
    "sub/writ.toml",
    // agents
    "agents/reader.symbi",
    "old.dsl",
    // the repository and its hooks
    ".git/config",
    ".git/hooks/pre-commit",
    "vendor/lib/.git/hooks/post-checkout",
    ".gitmodules",
    ".gitattributes",
    ".githooks/pre-push",
    ".husky/pre-commit",
    "hooks/pre-commit",
    "lefthook.yml",
    ".pre-commit-config.yaml",
    // the editor
    ".vscode/tasks.json",
    "packages/a/.vscode/settings.json",
    "project.code-workspace",
    ".devcontainer/devcontainer.json",
    ".idea/workspace.xml",
    // the build
    ".github/workflows/release.yml",
    ".gitlab-ci.yml",
    ".ci/run",
    "Jenkinsfile",
    "ci/Jenkinsfile.release",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    ".travis.yml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
    // any of them in another spelling
    "POLICIES/a.txt",
    "Policies./a.txt",
    "policies /a.txt",
    "policies\\a.txt",
    "pol\u0131cies/a.txt",
    "AGENTS/NEW.SYMBI",
    "agent.symbi.",
    "agent.symbi::$DATA",
    "agent.sym\u200bbi",
    ".GIT/config",
    ".g\u200cit/config",
    ".git\u200d/config",
    "\uff0egit/config",
    ".git . /config",
    "GIT~1/config",
    "POLICI~1/a",
    ".vscode\ufeff/tasks.json",
    ".GitHub/Workflows/x.yml",
    "JENKINSFILE",
  ])("%j", async (path) => {
    expect(await publish(path)).toBe("step-up");
  });

  test.each([
    "./policies/a",
    "a/../policies/a",
    "docs/..",
    "/policies/a",
    "policies//a",
    "a\\..\\.git\\config",
    "..",
    "a/. /b",
  ])("%j is no path that could be published at all", async (path) => {
    expect(await publish(path)).toBe("unknown");
  });

  test.each([
    "src/main.ts",
    "docs/policy.md",
    "README.md",
    "src/hooks/use-theme.ts",
    "my-policies/a.md",
    "git/x",
    "agents.md",
  ])("%j is an ordinary file", async (path) => {
    expect(await publish(path)).toBe("allow");
  });

  test("whatever is done to the spelling of a guarded path", async () => {
    const noise = fc.constantFrom(
      "\u200b",
      "\u200c",
      "\u200d",
      "\u2060",
      "\ufeff",
      "\u00ad",
      "\ufe0f",
      "\u034f",
    );
    const spelling = fc
      .tuple(
        fc.constantFrom(
          ".git/config",
          "policies/a.txt",
          ".vscode/tasks.json",
          "agents/x.symbi",
          ".github/x.yml",
          ".gitlab-ci.yml",
        ),
        fc.infiniteStream(
          fc.record({ upper: fc.boolean(), noise: fc.option(noise, { freq: 4 }), wide: fc.boolean() }),
        ),
        fc.constantFrom("", ".", " ", ". .", "::$DATA"),
      )
      .map(([path, changes, end]) => {
        const letters = Array.from(path, (letter) => {
          const { value } = changes.next();
          const cased = value.upper ? letter.toUpperCase() : letter;
          const wide =
            value.wide && /[!-~]/.test(cased) && cased !== "/"
              ? String.fromCharCode(cased.charCodeAt(0) + 0xfee0)
              : cased;
          return wide + (value.noise ?? "");
        });
        return letters.join("") + end;
      });
    await fc.assert(
      fc.asyncProperty(spelling, async (path) => {
        expect(await publish(path)).toBe("step-up");
      }),
      { numRuns: caseCount(150) },
    );
  });
});

describe("a program that calls in", () => {
  const client = { principal: { type: "Client", id: "ide" } } as const;

  test("does nothing without a person", async () => {
    expect(await outcome(generous, onRun("respond", client))).toBe("step-up");
  });

  test("has no rights of its own", async () => {
    expect(await outcome(alone, calling("read_file", { path: "a" }, client))).toBe("no-permit");
  });
});
