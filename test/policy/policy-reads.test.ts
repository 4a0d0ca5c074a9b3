import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { KnownThings } from "#policy/cedar-request.ts";
import { readRequest } from "#policy/cedar-request.ts";
import { namesInPolicy, policyReads } from "#policy/policy-reads.ts";
import type { Decider } from "#ports/decider.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { calling, onRun, publishing, sha256 } from "#test/kit/policy-requests.ts";

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

/** What the requests below are about. */
const KNOWN: KnownThings = {
  tools: BUILTIN_TOOLS,
  inputsOf: () => [{ name: "topic", type: "string" }],
};

/** Conditions that look at the request in every way that Cedar has, absent things and whole records included. */
const CONDITIONS = [
  'context.args has path && context.args.path like "docs/*"',
  'context.args["path"] == "docs/a.md"',
  'context["args"]["path"] == "docs/a.md"',
  'context has "args" && context["args"] has path',
  "context.args has nope",
  "context.args.nope == 1",
  'context.args == {"path": "docs/a.md", "extra": 1}',
  '[context.args].contains({"path": "docs/a.md", "extra": 1})',
  'context == {"args": {"path": "docs/a.md"}}',
  "[context].contains(context)",
  'context.args has "my key" && context.args["my key"] == 2',
  'context["\\u{61}rgs"] has path',
  'if context.args has path then context.args.path == "x" else true',
  'context.inputs.topic == "bees"',
  'context.inputs == {"topic": "bees"}',
  "context has inputs && context.inputs has topic",
  "context.iteration == 3",
  'context.sandbox_tier == "wasm" && context.run == "run"',
  'context.labels.contains("pii")',
  'context.on_behalf_of.kind == "user" && context.depth == 0',
  'context.on_behalf_of == {"kind": "user", "id": "alice"}',
  'resource has risk && resource.risk == "low"',
  "resource.risk == resource.server",
  'resource["name"] == "read_file"',
  'resource has folded_path && resource.extension == "md"',
  "resource.labels.isEmpty()",
  'principal.name == "reader"',
  'principal["path"] like "agents/*"',
  "principal has path",
  'principal in AgentName::"reader"',
  'principal in AgentFolder::"agents"',
  'principal in [AgentFolder::"other", AgentFolder::"."]',
  'principal is Agent in AgentFolder::"."',
  'resource in AgentFolder::"."',
  "principal in resource",
  'action in Action::"tool_call"',
  'action in [Action::"respond", Action::"tool_call"]',
  'action == Action::"tool_call::read_file"',
  'resource == Tool::"read_file"',
  'Agent::"agents/reader.symbi#reader".name == "reader"',
  'Tool::"read_file" has risk',
  '{"who": principal}.who.path like "agents/*"',
  "[principal, resource].contains(principal) && (if context has args then principal else resource) has name",
] as const;

/** Scopes that hold for some of the requests, and look at entities without looking into them. */
const PRINCIPALS = [
  "principal",
  "principal is Agent",
  'principal == Agent::"agents/reader.symbi#reader"',
  'principal in AgentName::"reader"',
  'principal is Agent in AgentFolder::"agents"',
] as const;
const RESOURCES = ["resource", "resource is Tool", 'resource == Tool::"read_file"'] as const;

const requests: readonly PolicyRequest[] = [
  calling(
    "read_file",
    { path: "docs/a.md", extra: 1 },
    { context: { inputs: { topic: "bees" }, labels: ["pii"] } },
  ),
  calling("read_file", { path: "docs/a.md" }, { context: { iteration: 3 } }),
  calling("list_files", { "my key": 2, __entity: { type: "Agent", id: "x" } }),
  onRun("respond", { arguments: {} }),
  publishing("docs/a.md"),
  onRun("respond", {
    action: "create_agent",
    resource: { type: "Agent", id: "agents/reader.symbi#reader", attributes: {} },
  }),
];

const condition = fc.constantFrom(...CONDITIONS);
const policy = fc
  .tuple(
    fc.constantFrom("permit", "forbid"),
    fc.constantFrom(...PRINCIPALS),
    fc.constantFrom(...RESOURCES),
    condition,
    fc.constantFrom("when", "unless"),
    fc.option(condition),
  )
  .map(
    ([effect, principal, resource, first, clause, second]) =>
      `${effect} (${principal}, action, ${resource}) ${clause} { ${first} }${second === null ? "" : ` when { ${second} }`};`,
  );

test("what no rule can see changes no answer", async () => {
  const everything = { sees: () => true, reaches: () => true, seesMember: () => true };
  let leftOut = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(policy, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...requests),
      async (texts, request) => {
        const loaded = await decider.load(
          [{ name: "asked", policies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) }],
          signal,
        );
        expect(loaded).toEqual({ ok: true, value: [] });
        const reading = readRequest(request, KNOWN, sha256);
        if (!reading.ok) throw new Error(reading.why);
        const answers = [everything, policyReads(texts.map(namesInPolicy))].map(async (reads) => {
          const asked = reading.value.forPrincipal(0, reads);
          leftOut += JSON.stringify(asked).length * (reads === everything ? 1 : -1);
          const answer = await decider.decide(asked, ["asked"], signal);
          if (!answer.ok) throw new Error(answer.fault.message);
          const [{ allowed, determining, errors } = { allowed: false, determining: [], errors: [] }] =
            answer.value;
          return {
            allowed,
            determining: determining.toSorted(byCodeUnits),
            errors: errors.map(({ policyId }) => policyId).toSorted(byCodeUnits),
          };
        });
        const [whole, part] = await Promise.all(answers);
        expect(part).toEqual(whole);
      },
    ),
    { numRuns: caseCount(1_000) },
  );
  expect(leftOut).toBeGreaterThan(0);
});

test("a rule about one argument is handed that argument and nothing else", () => {
  const reading = readRequest(
    calling("write_file", { path: "a", content: "x".repeat(100_000) }),
    KNOWN,
    () => {
      throw new Error("no digest is needed for what nobody sees");
    },
  );
  if (!reading.ok) throw new Error(reading.why);
  const reads = policyReads([
    namesInPolicy('permit (principal, action, resource) when { context.args.path == "a" };'),
  ]);
  const asked = reading.value.forPrincipal(0, reads);
  expect(asked.context).toEqual({ args: { path: "a" } });
  // Tools and agents have attributes that are called so too, which this rule cannot reach.
  expect(asked.entities).toEqual([]);
});

test.each([
  ['permit (principal, action, resource) when { principal.path == "a" };', ["principal"]],
  ["permit (principal is Agent, action, resource) unless { resource has path };", ["resource"]],
  ['permit (principal == Agent::"a", action, resource == Tool::"b");', []],
  ['permit (principal, action, resource) when { Tool::"b" has path };', ["principal", "resource"]],
  ['permit (principal, action, resource) when { context.args["principal"] == "resource" };', []],
  ["permit (principal, action == action, resource);", ["principal", "resource"]],
])("%s reaches into %j", (text, reached) => {
  const reads = policyReads([namesInPolicy(text)]);
  expect((["principal", "resource"] as const).filter((variable) => reads.reaches(variable))).toEqual(reached);
});
