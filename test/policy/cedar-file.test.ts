import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Decider } from "#ports/decider.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { cedarSource, problemsOf } from "#test/kit/policy-engine.ts";

let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

/** `CODE "text that the problem is about"` for each problem of a workspace file. */
const check = async (
  text: string,
): Promise<{ readonly loaded: boolean; readonly found: readonly string[] }> => {
  const { loaded, problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
  return {
    loaded,
    found: problems.map(
      ({ problem: { code, range } }) => `${code} ${JSON.stringify(text.slice(...range.span))}`,
    ),
  };
};

const ANY = "(principal, action, resource)";
const HAS = "context.args has path";

describe("a file that loads", () => {
  test.each([
    ["nothing", ""],
    ["only comments", "// nothing yet\n// é\n"],
    ["a byte order mark", `\ufeffpermit ${ANY};`],
    ["annotations that are free text", `@id("a") @doc("why") @note permit ${ANY};`],
    ["the calls of all tools", `permit (principal, action in Action::"tool_call", resource);`],
    ["the calls of one tool", `permit (principal, action == Action::"tool_call::shell", resource);`],
    ["several actions", `forbid (principal, action in [Action::"respond", Action::"tool_call"], resource);`],
    ["an agent by file and name", `permit (principal == Agent::"agents/a.symbi#a", action, resource);`],
    ["agents by name", `permit (principal in AgentName::"a", action, resource);`],
    ["agents by folder", `permit (principal in AgentFolder::"agents/sub", action, resource);`],
    [
      "an argument after asking for it",
      `forbid ${ANY} when { context.args has path && context.args.path like ".env*" };`,
    ],
    ["an optional attribute", `forbid ${ANY} when { resource has risk && resource.risk == "high" };`],
    ["a list argument's record", `permit ${ANY} when { context.labels.containsAny(["a", "b"]) };`],
    ["a comma behind the scope", "permit (principal, action, resource,);"],
    ["a requirement", `@require("approval") permit ${ANY};`],
    ["a version", `// policy-vocabulary: 1\npermit ${ANY};`],
    ["a version behind a byte order mark", `\ufeff// policy-vocabulary: 1\r\npermit ${ANY};`],
    ["a first line that speaks of the vocabulary", `// about policy-vocabulary: 2\npermit ${ANY};`],
    ["a version that is not its first line", `\n// policy-vocabulary: 2\npermit ${ANY};`],
    ["a first line about something else", `// policy-vocabularies: 2\npermit ${ANY};`],
    ["a host", `forbid (principal, action, resource == Host::"http://[::1]:8080");`],
    ["a model", `forbid (principal, action, resource == Model::"p:a:b");`],
    ["a file", `forbid (principal, action, resource == File::"docs/a.md");`],
    ["a file whose name some system folds", `forbid (principal, action, resource == File::"a%5Cb.");`],
    [
      "paths that some call has",
      `forbid ${ANY} when { ${HAS} && [".", "a/b"].contains(context.args.path) };`,
    ],
    [
      "a path that is none of a call's",
      `forbid ${ANY} when { principal is Agent && principal.path == "./x" };`,
    ],
    ["patterns that some path has", `forbid ${ANY} when { ${HAS} && context.args.path like "*./*..*/.*" };`],
    [
      "a pattern with a sign that is itself",
      `forbid ${ANY} when { ${HAS} && context.args.path like "a\\*/*" };`,
    ],
    [
      "a text that is no path",
      `forbid ${ANY} when { context.args has command && context.args.command == "./x" };`,
    ],
    [
      "a forbid that looks at inputs that no agent has",
      `forbid ${ANY} when { context.inputs has nope };`,
      ["WRIT103"],
    ],
    [
      "a forbid that looks at them in another way",
      `forbid ${ANY} when { context["inputs"] has nope };`,
      ["WRIT103"],
    ],
    ["as many approvers as must agree", `@require("approval") @approvers("a, b") @min("2") permit ${ANY};`],
    ["requirements of every kind", `@require("approval, sandbox-tier:docker, timeout:30s") permit ${ANY};`],
  ])("%s", async (_what, text, warnings: readonly string[] = []) => {
    const { loaded, found } = await check(text);
    expect(loaded).toBe(true);
    expect(found.map((line) => line.slice(0, 7))).toEqual(warnings);
  });
});

describe("a comparison with a path that no call has loads, and is told about", () => {
  test.each([
    ['context.args.path == "./x"', '"./x"', "no call has a path that is `./x`: it has a part `.`"],
    ['context.args["path"] == "./x"', '"./x"', "no call has a path that is `./x`: it has a part `.`"],
    ['context["args"]["path"] != "x/"', '"x/"', "no call has a path that is `x/`: a part of it is empty"],
    ['"/x" == context.args.path', '"/x"', "no call has a path that is `/x`: it is absolute"],
    [
      '["y", "../x"].contains(context.args.path)',
      '"../x"',
      "no call has a path that is `../x`: it has a part `..`",
    ],
    ['context.args.path like "./*"', '"./*"', 'no call has a path like `"./*"`: it has a part `.`'],
    ['context.args.path like "*/"', '"*/"', 'no call has a path like `"*/"`: a part of it is empty'],
    [
      'context.args.path like "a*//*b"',
      '"a*//*b"',
      'no call has a path like `"a*//*b"`: a part of it is empty',
    ],
    ['context.args.path like "./\\*"', '"./\\*"', 'no call has a path like `"./\\*"`: it has a part `.`'],
  ])("%s", async (condition, written, message) => {
    const text = `forbid ${ANY} when { ${HAS} && ${condition} };`;
    const { loaded, problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    expect(loaded).toBe(true);
    expect(problems).toMatchObject([{ problem: { code: "WRIT103", severity: "warning", message } }]);
    expect(text.slice(...(problems[0]?.problem.range.span ?? []))).toBe(written);
  });

  test("a folded path with capital letters is one of these", async () => {
    const text = `forbid (principal, action == Action::"publish_file", resource) when { resource.folded_path == "./README" };`;
    const { problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    expect(problems).toMatchObject([
      {
        problem: {
          message: "no call has a path that is `./README`: folded paths are in lower case",
          help: expect.stringMatching(/^write `readme`; /) as string,
        },
      },
    ]);
  });
});

describe("a comparison with a value that nothing has is told about", () => {
  const TIERS = "it is one of `wasm`, `docker`, `gvisor`";
  const EFFECTS = "it is one of `reads-run-files`, `writes-run-files`, `executes-code`, `writes-workspace`";
  test.each([
    [
      "publish_file",
      'resource.change == "deleted"',
      '"deleted"',
      "it is one of `created`, `changed`, `removed`",
    ],
    [
      "publish_file",
      '["x"].contains(resource["change"])',
      '"x"',
      "it is one of `created`, `changed`, `removed`",
    ],
    ["publish_file", 'resource.change like "del*"', '"del*"', "it is one of `created`, `changed`, `removed`"],
    [
      "publish_file",
      'resource.change like "c*x*d"',
      '"c*x*d"',
      "it is one of `created`, `changed`, `removed`",
    ],
    ["respond", 'context.sandbox_tier == "wsam"', '"wsam"', TIERS],
    ["respond", '"wsam" != context.sandbox_tier', '"wsam"', TIERS],
    [
      "respond",
      'context.on_behalf_of.kind == "usr"',
      '"usr"',
      "it is one of `user`, `schedule`, `webhook`, `agent`, `client`",
    ],
    ["tool_call::shell", 'resource.risk == "High"', '"High"', "it is one of `low`, `medium`, `high`"],
    ["tool_call::shell", 'resource.effects.contains("exec")', '"exec"', EFFECTS],
    ["tool_call::shell", 'resource.effects.containsAny(["exec", "executes-code"])', '"exec"', EFFECTS],
    ["http_request", 'resource.scheme == "ftp"', '"ftp"', "it is one of `http`, `https`"],
    ["http_request", 'resource.method == "get"', '"get"', "it is 1 to 32 letters in upper case"],
    ["http_request", 'resource.method like "P*t"', '"P*t"', "it is 1 to 32 letters in upper case"],
  ])("%s: %s", async (action, condition, written, help) => {
    const text = `forbid (principal, action in Action::"${action}", resource) when { ${condition} };`;
    const { loaded, problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    expect(loaded).toBe(true);
    expect(problems).toMatchObject([{ problem: { code: "WRIT103", severity: "warning", help } }]);
    expect(text.slice(...(problems[0]?.problem.range.span ?? []))).toBe(written);
  });

  test.each([
    ["publish_file", 'resource.change == "removed"'],
    ["publish_file", 'resource.change like "c*ed"'],
    ["publish_file", 'resource.change like "*"'],
    ["respond", 'context.sandbox_tier == "gvisor" && context.on_behalf_of.kind == "user"'],
    ["respond", 'context.on_behalf_of.id == "usr"'],
    ["tool_call::shell", 'resource.effects.containsAll(["executes-code"])'],
    ["http_request", 'resource.method like "P*T"'],
    ["http_request", 'resource.path like "/wsam"'],
  ])("and no other is: %s: %s", async (action, condition) => {
    const text = `forbid (principal, action in Action::"${action}", resource) when { ${condition} };`;
    expect(await problemsOf(decider, [cedarSource("workspace", text)])).toEqual({
      loaded: true,
      problems: [],
    });
  });

  test("a pattern for folded paths with capital letters is told about", async () => {
    const text = `forbid (principal, action == Action::"publish_file", resource) when { resource.folded_path like "Private/*" };`;
    const { problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    expect(problems).toMatchObject([
      {
        problem: {
          message: 'no call has a path like `"Private/*"`: folded paths are in lower case',
          help: expect.stringMatching(/^write `"private\/\*"`; /) as string,
        },
      },
    ]);
  });
});

describe("a first line that names a version and does not load", () => {
  const told = (line: string): readonly (string | undefined)[] => {
    const [one] = cedarSource("workspace", `${line}\npermit ${ANY};`).problems;
    return [one?.problem.message, one?.problem.help];
  };
  test.each([
    "// policy-vocabulary: 1 ",
    "//policy-vocabulary:1",
    "// policy-vocabulary 1, see the page",
    "// policy-vocabulary",
  ])("ours, written in another way: %s", (line) => {
    expect(told(line)).toEqual([
      "the line that names the version is not written as `// policy-vocabulary: 1`",
      "write it exactly so, with nothing in front of it and nothing behind",
    ]);
  });
  test.each([
    "// policy-vocabulary: 2",
    "// policy-vocabulary: 1.1",
    "// policy-vocabulary: 11",
    "// policy-vocabulary2",
  ])("another one: %s", (line) => {
    expect(told(line)).toEqual([
      "the file is written for a version of the policy vocabulary that this build does not read",
      "this build reads `// policy-vocabulary: 1`",
    ]);
  });
});

describe("a file that does not load", () => {
  test.each([
    // syntax, said by Cedar at its place
    ["no semicolon", `permit ${ANY}`, ['WRIT101 ""']],
    ["a block comment", `permit ${ANY} when { /* x */ true };`, ['WRIT101 "/"']],
    ["a letter that is none", `permit ${ANY} when { é == 1 };`, ['WRIT101 ""']],
    ["an unclosed string", `permit ${ANY} when { "x == 1 };`, ['WRIT101 ""']],
    ["a repeated annotation", `@doc("a") @doc("b") permit ${ANY};`, ['WRIT101 "@doc(\\"b\\")"']],
    // vocabulary
    [
      "an unknown action",
      'permit (principal, action == Action::"read", resource);',
      ['WRIT102 "Action::\\"read\\""'],
    ],
    [
      "an unknown tool",
      'permit (principal, action == Action::"tool_call::shel", resource);',
      ['WRIT102 "Action::\\"tool_call::shel\\""'],
    ],
    [
      "another product's names",
      'permit (principal == Symbi::Agent::"a", action, resource);',
      ['WRIT102 "Symbi::Agent"'],
    ],
    ["an attribute that is not there", `forbid ${ANY} when { resource.pii };`, ['WRIT102 "resource.pii"']],
    [
      "an argument without asking for it",
      `forbid ${ANY} when { context.args.path == "x" };`,
      ['WRIT102 "context.args.path"'],
    ],
    [
      "an attribute of some types only",
      `forbid ${ANY} when { principal.path == "x" };`,
      ['WRIT102 "principal.path"'],
    ],
    [
      "a text compared with a number",
      `forbid ${ANY} when { context.iteration > "1" };`,
      ['WRIT102 "\\"1\\""'],
    ],
    // never matches
    [
      "bare tool_call in a list of its own",
      `forbid ${ANY} when { [Action::"tool_call", Action::"publish_file"].contains(action) };`,
      ['WRIT103 "Action::\\"tool_call\\""'],
    ],
    [
      "bare tool_call on the left",
      `permit ${ANY} unless { Action::"tool_call" == action };`,
      ['WRIT103 "Action::\\"tool_call\\""'],
    ],
    [
      "bare tool_call that it is not",
      `permit ${ANY} when { action != Action::"tool_call" };`,
      ['WRIT103 "Action::\\"tool_call\\""'],
    ],
    [
      "bare tool_call in brackets",
      `permit ${ANY} unless { action == (Action::"tool_call") };`,
      ['WRIT103 "Action::\\"tool_call\\""'],
    ],
    [
      "the bare tool_call",
      'permit (principal, action == Action::"tool_call", resource);',
      ['WRIT103 "Action::\\"tool_call\\""'],
    ],
    [
      "an agent by its name alone",
      'permit (principal == Agent::"reader", action, resource);',
      ['WRIT103 "Agent::\\"reader\\""'],
    ],
    [
      "an agent by name in a condition",
      `permit ${ANY} when { resource == Agent::"reader" };`,
      ['WRIT103 "Agent::\\"reader\\""'],
    ],
    [
      "a file that is not encoded",
      `forbid (principal, action, resource == File::"my file");`,
      ['WRIT103 "File::\\"my file\\""'],
    ],
    [
      "a file with a step nowhere",
      `forbid (principal, action, resource == File::"./x");`,
      ['WRIT103 "File::\\"./x\\""'],
    ],
    [
      "a file behind a slash",
      `forbid ${ANY} when { resource == File::"/etc/x" };`,
      ['WRIT103 "File::\\"/etc/x\\""'],
    ],
    [
      "a path that no call has in a forbid that can never hold",
      `forbid ${ANY} when { 1 == 2 && ${HAS} && context.args.path == "./x" };`,
      [
        `WRIT103 ${JSON.stringify(`forbid ${ANY} when { 1 == 2 && ${HAS} && context.args.path == "./x" };`)}`,
        'WRIT103 "\\"./x\\""',
      ],
    ],
    [
      "a tool that is none",
      `forbid (principal, action, resource == Tool::"shel");`,
      ['WRIT103 "Tool::\\"shel\\""'],
    ],
    [
      "a folder with a slash",
      `permit (principal in AgentFolder::"/agents/", action, resource);`,
      ['WRIT103 "AgentFolder::\\"/agents/\\""'],
    ],
    [
      "a look-alike letter",
      `permit (principal in AgentName::"re\u0430der", action, resource);`,
      ['WRIT103 "AgentName::\\"re\u0430der\\""'],
    ],
    [
      "a forbid that can never hold",
      `forbid ${ANY} when { 1 == 2 };`,
      [`WRIT103 ${JSON.stringify(`forbid ${ANY} when { 1 == 2 };`)}`],
    ],
    [
      "a requirement that can never hold",
      `@require("approval") permit ${ANY} when { context.args has nope };`,
      [`WRIT103 ${JSON.stringify(`@require("approval") permit ${ANY} when { context.args has nope };`)}`],
    ],
    [
      "a forbid that can never hold, with a word in a comment",
      `forbid ${ANY} when { 1 == 2 /* */ };`.replace("/* */", "// inputs\n"),
      [`WRIT103 ${JSON.stringify(`forbid ${ANY} when { 1 == 2 // inputs\n };`)}`],
    ],
    [
      "a forbid that can never hold, with a word in a text",
      `forbid ${ANY} when { context.run == "context.inputs" && 1 == 2 };`,
      [`WRIT103 ${JSON.stringify(`forbid ${ANY} when { context.run == "context.inputs" && 1 == 2 };`)}`],
    ],
    [
      "a forbid that can never hold, with a list of that word",
      `forbid ${ANY} when { ["inputs"].contains(context.run) && 1 == 2 };`,
      [`WRIT103 ${JSON.stringify(`forbid ${ANY} when { ["inputs"].contains(context.run) && 1 == 2 };`)}`],
    ],
    [
      "an address in another form",
      `forbid (principal, action, resource == Host::"http://127.1");`,
      ['WRIT103 "Host::\\"http://127.1\\""'],
    ],
    [
      "a model without a provider",
      `forbid (principal, action, resource == Model::"gpt");`,
      ['WRIT103 "Model::\\"gpt\\""'],
    ],
    // annotations
    [
      "a misspelt requirement",
      `@requires("approval") permit ${ANY};`,
      ['WRIT104 "@requires(\\"approval\\")"'],
    ],
    ["an unknown annotation", `@priority("1") permit ${ANY};`, ['WRIT104 "@priority(\\"1\\")"']],
    ["a requirement of nothing", `@require permit ${ANY};`, ['WRIT104 "@require"']],
    [
      "a requirement of something else",
      `@require("luck") permit ${ANY};`,
      ['WRIT104 "@require(\\"luck\\")"'],
    ],
    [
      "a tier that is none",
      `@require("sandbox-tier:tier3") permit ${ANY};`,
      ['WRIT104 "@require(\\"sandbox-tier:tier3\\")"'],
    ],
    [
      "a duration that is none",
      `@require("timeout:soon") permit ${ANY};`,
      ['WRIT104 "@require(\\"timeout:soon\\")"'],
    ],
    [
      "a timeout of nothing",
      `@require("timeout:0s") permit ${ANY};`,
      ['WRIT104 "@require(\\"timeout:0s\\")"'],
    ],
    [
      "a requirement on a forbid",
      `@require("approval") forbid ${ANY};`,
      ['WRIT104 "@require(\\"approval\\")"'],
    ],
    ...[
      "approval, approval",
      "timeout:1s, timeout:2s",
      "sandbox-tier:wasm, sandbox-tier:docker",
      "approval,",
      "approval:",
      "Approval",
      "sandbox-tier: docker",
      "sandbox-tier",
      "timeout",
      "timeout:1",
      "timeout: 1s",
      "timeout:1 s",
      "timeout:1.s",
      "timeout:1_0s",
      "timeout:1seconds",
      "timeout:367d",
      "timeout:000000000001s",
    ].map((asked): readonly [string, string, readonly string[]] => [
      `a requirement of \`${asked}\``,
      `@require("${asked}") permit ${ANY};`,
      [`WRIT104 ${JSON.stringify(`@require("${asked}")`)}`],
    ]),
    ["approvers without a value", `@require("approval") @approvers permit ${ANY};`, ['WRIT104 "@approvers"']],
    [
      "an approver without a name alone",
      `@require("approval") @approvers("") permit ${ANY};`,
      ['WRIT104 "@approvers(\\"\\")"'],
    ],
    [
      "more who must agree than are named",
      `@require("approval") @approvers("a, a") @min("2") permit ${ANY};`,
      ['WRIT104 "@min(\\"2\\")"'],
    ],
    [
      "a number of people in three digits",
      `@require("approval") @min("002") permit ${ANY};`,
      ['WRIT104 "@min(\\"002\\")"'],
    ],
    ["a number without a value", `@require("approval") @min permit ${ANY};`, ['WRIT104 "@min"']],
    ["seventeen people", `@require("approval") @min("17") permit ${ANY};`, ['WRIT104 "@min(\\"17\\")"']],
    ["approvers of nothing", `@approvers("a") permit ${ANY};`, ['WRIT104 "@approvers(\\"a\\")"']],
    [
      "approvers of a timeout",
      `@require("timeout:1s") @min("2") permit ${ANY};`,
      ['WRIT104 "@min(\\"2\\")"'],
    ],
    ["nobody who must agree", `@require("approval") @min("0") permit ${ANY};`, ['WRIT104 "@min(\\"0\\")"']],
    [
      "an approver without a name",
      `@require("approval") @approvers("a,,b") permit ${ANY};`,
      ['WRIT104 "@approvers(\\"a,,b\\")"'],
    ],
    [
      "an initiator that is maybe",
      `@require("approval") @not_initiator("maybe") permit ${ANY};`,
      ['WRIT104 "@not_initiator(\\"maybe\\")"'],
    ],
    // forms that are not read
    [
      "policies in a JSON list",
      '[{"name": "a", "source": "permit(principal, action, resource);", "active": true}]',
      ['WRIT105 "["'],
    ],
    ["a template", "permit (principal == ?principal, action, resource);", ['WRIT105 "?principal"']],
    ["half of a surrogate pair", `permit ${ANY}; // \ud800`, ['WRIT105 ""']],
    ...[
      "// policy-vocabulary: 2",
      "//policy-vocabulary: 1",
      "// Policy-Vocabulary: 1",
      "// policy-vocabulary 1",
      "// policy-vocabulary: 1 ",
      "// policy-vocabulary_2",
      "// policy-vocabulary2",
      "/// policy-vocabulary: 2",
      "//\u00a0policy-vocabulary: 2",
      "//\u200bpolicy-vocabulary: 2",
      "// - policy-vocabulary: 1",
    ].map((line): readonly [string, string, readonly string[]] => [
      `the first line \`${line}\``,
      `${line}\npermit ${ANY};`,
      [`WRIT105 ${JSON.stringify(line)}`],
    ]),
  ] as const)("%s", async (_what, text, found) => {
    expect(await check(text)).toEqual({ loaded: false, found });
  });

  test.each([
    ["another product's actions", 'permit (principal, action == Other::Action::"respond", resource);'],
    ["white space that is none to us", "permit\u0085(principal, action, resource);"],
    [
      "a name behind it",
      `forbid ${ANY} when { resource == Tool::\u0085"shel" || resource == Tool::"shell" };`,
    ],
  ])("what Cedar reads and we do not is refused rather than guessed: %s", async (_what, text) => {
    const { loaded, found } = await check(text);
    expect(loaded).toBe(false);
    expect(found.map((line) => line.slice(0, 7))).toContain("WRIT107");
  });

  test.each([
    ["alone", `forbid (principal, action == Action::"delegate", resource);`, ["delegate"]],
    [
      "beside others",
      `forbid (principal, action in [Action::"publish_file", Action::"recall"], resource);`,
      ["recall"],
    ],
    ["in a condition", `forbid ${ANY} when { action == Action::"allocate" };`, ["allocate"]],
    ["none", `forbid (principal, action in [Action::"publish_file", Action::"model_call"], resource);`, []],
  ])("an action that nothing asks for yet is loaded with a warning: %s", async (_what, text, actions) => {
    const found = actions.map((action) => `WRIT103 ${JSON.stringify(`Action::"${action}"`)}`);
    expect(await check(text)).toEqual({ loaded: true, found });
  });

  test("one bad policy keeps the whole file out, and every bad one is named", async () => {
    const { loaded, found } = await check(
      `permit ${ANY};\nforbid ${ANY} when { resource.nope };\npermit (principal;\n`,
    );
    expect(loaded).toBe(false);
    expect(found.map((line) => line.slice(0, 7))).toEqual(["WRIT102", "WRIT101"]);
  });

  test.each([
    ["a policy that nests too deep", `permit ${ANY} when { ${"(".repeat(50)}true${")".repeat(50)} };`],
    ["a policy that chains too much", `permit ${ANY} when { ${"true || ".repeat(300)}true };`],
    ["a policy of more than 64 KiB", `permit ${ANY} when { "${"x".repeat(65 * 1024)}" == "" };`],
    ["a file of more than 512 KiB", `// ${"x".repeat(513 * 1024)}`],
    ["a file of more than 1,000 policies", `permit ${ANY};\n`.repeat(1_001)],
    ["ten megabytes of braces", "{".repeat(10 * 1024 * 1024)],
  ])("%s", async (_what, text) => {
    const { loaded, problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    expect(loaded).toBe(false);
    expect(problems.map(({ problem }) => problem.code)).toEqual(["WRIT100"]);
  });
});

describe("what is said about it", () => {
  const problemOf = async (text: string) => {
    const { problems } = await problemsOf(decider, [cedarSource("workspace", text)]);
    return problems[0]?.problem;
  };
  const mended = async (text: string): Promise<string> => {
    const fix = (await problemOf(text))?.fix;
    if (fix === undefined) throw new Error("no fix");
    return fix.edits.reduceRight(
      (rest, { span, text: by }) => rest.slice(0, span[0]) + by + rest.slice(span[1]),
      text,
    );
  };

  test.each([
    [
      'permit (principal, action == Action::"tool_call", resource);',
      'permit (principal, action in Action::"tool_call", resource);',
    ],
    [
      'permit (principal == Agent::"reader", action, resource);',
      'permit (principal in AgentName::"reader", action, resource);',
    ],
    [
      'forbid (principal, action, resource == File::"my file");',
      'forbid (principal, action, resource == File::"my%20file");',
    ],
  ])("%s is mended", async (text, expected) => {
    expect(await mended(text)).toBe(expected);
    expect(await problemOf(expected)).toBeUndefined();
  });

  test("a place behind letters of several bytes is right", async () => {
    const text = `// 😀\npermit ${ANY} when { "é😀" == context.nope };`;
    const problem = await problemOf(text);
    expect(problem?.range).toMatchObject({ line: 2, column: 54 });
    expect(problem?.message).toContain("nope");
  });

  test.each([
    ['permit (principal, action == Action::"respnd", resource);', 'did you mean `Action::"respond"`?'],
    [
      'permit (principal, action == Action::"tool_call::read_fil", resource);',
      'did you mean `Action::"tool_call::read_file"`?',
    ],
    ['permit (principal, action in Action::"toolcall", resource);', 'did you mean `Action::"tool_call"`?'],
    ['permit (principal, action == Action::"frobnicate", resource);', undefined],
    ["forbid (principal, action, resource) when { resource.nope };", undefined],
    [
      'forbid (principal, action == Action::"tool_call::list_files", resource) when { context.args.path == "x" };',
      "try testing for the attribute's presence with `context.args has path && ..`",
    ],
  ])("%s: %s", async (text, help) => {
    expect((await problemOf(text))?.help).toBe(help);
  });

  test("a permit that can never hold is only worth a warning", async () => {
    const { loaded, problems } = await problemsOf(decider, [
      cedarSource("workspace", `permit ${ANY} when { 1 == 2 };`),
    ]);
    expect(loaded).toBe(true);
    expect(problems.map(({ problem }) => [problem.code, problem.severity])).toEqual([["WRIT103", "warning"]]);
  });

  test("two files of one name in a layer are refused", async () => {
    const { loaded, problems } = await problemsOf(decider, [
      cedarSource("workspace", `permit ${ANY};`, "same.cedar"),
      cedarSource("workspace", `forbid ${ANY};`, "same.cedar"),
    ]);
    expect(loaded).toBe(false);
    expect(problems.map(({ problem }) => problem.code)).toEqual(["WRIT105"]);
  });

  test("nobody adds to the built-in layer, and only an agent's file is of the file layer", async () => {
    for (const layer of ["builtin", "file"] as const) {
      const { loaded, problems } = await problemsOf(decider, [cedarSource(layer, `permit ${ANY};`)]);
      expect(loaded).toBe(false);
      expect(problems.map(({ problem }) => problem.code)).toEqual(["WRIT105"]);
    }
  });
});
