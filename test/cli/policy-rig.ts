import { readCallArguments } from "#host/compose/policy-question.ts";
import type { ExitCode } from "#cli/command.ts";
import { createPolicyCommands } from "#cli/policy.ts";
import type { PolicyCommandDeps } from "#cli/policy-deps.ts";
import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { lowerSource } from "#language/lower/lower.ts";
import { compileAgentFile, compileCedar, createPolicyEngine } from "#policy/index.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import { mayRun } from "#protocol/problem.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { sha256 } from "#test/kit/policy-requests.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

export interface PolicyWorld {
  readonly agentFile: string;
  /** Text of the one file in `policies/`. */
  readonly workspace: string;
  /** Whether the engine can be reached. */
  readonly engine?: boolean;
}

export interface Said {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Real lowering, compilation, engine and Cedar; only files and standard input are given as texts. */
export const runPolicy = async (
  world: PolicyWorld,
  command: "evaluate" | "explain",
  request: string | null,
  options: {
    readonly json?: boolean;
    readonly agent?: string;
    readonly columns?: number;
    readonly agentFile?: string | null;
  } = {},
): Promise<Said> => {
  const found = createPolicyCommands(depsOf(world, request ?? "")).find(
    ({ name }) => name === `policy ${command}`,
  );
  if (found === undefined) throw new Error("no such command");
  const terminal = createTerminalFake([], { interactive: false, columns: options.columns ?? 100 });
  const values = new Map<string, readonly string[]>();
  if (options.agentFile !== null) values.set("agent-file", [options.agentFile ?? "agents/reader.symbi"]);
  if (options.agent !== undefined) values.set("agent", [options.agent]);
  const code = await found.run({
    positionals: request === null ? [] : ["-"],
    switches: new Set(options.json === true ? ["json"] : []),
    values,
    terminal,
    environment: { cwd: "/work", variables: {}, stateDirectory: "/state", user: "ada" },
    signal: new AbortController().signal,
    howInterrupted: () => null,
  });
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
  return { code, out: text(terminal.outLines), err: text(terminal.errLines) };
};

const depsOf = (world: PolicyWorld, request: string): PolicyCommandDeps => ({
  readText: async () => ok(request),
  readArguments: readCallArguments,
  open: async ({ agentFile, agent }, signal) => {
    if (world.engine === false) {
      return failed({
        k: "unavailable",
        fault: fault("DECIDER_LOST", "the policy engine cannot be read", { help: "install it again" }),
      });
    }
    if (agentFile !== "agents/reader.symbi") {
      return failed({ k: "usage", fault: fault("HOST_NO_SUCH_FILE", `\`${agentFile}\` does not exist`) });
    }
    const { value: spec, problems } = lowerSource(
      { path: agentFile, bytes: utf8(world.agentFile) },
      { digest: sha256, tools: BUILTIN_TOOLS },
    );
    const texts = new Map([
      [agentFile, world.agentFile],
      ["policies/team.cedar", world.workspace],
    ]);
    if (spec === null || !mayRun(problems)) {
      return failed({
        k: "problems",
        problems: problems.map((problem) => ({ file: agentFile, problem })),
        texts,
      });
    }
    const name = agent ?? spec.agents[0]?.name ?? "";
    if (!spec.agents.some((one) => one.name === name)) {
      return failed({ k: "usage", fault: fault("HOST_NO_AGENT", "the file declares no agent of that name") });
    }
    const decider = inProcessCedar();
    const loading = await createPolicyEngine({ decider, digest: sha256, tools: BUILTIN_TOOLS }).load(
      [
        compileCedar(
          { layer: "workspace", file: "policies/team.cedar", kind: "cedar", text: world.workspace },
          BUILTIN_TOOLS,
        ),
        compileAgentFile(spec, name, BUILTIN_TOOLS),
      ],
      signal,
    );
    if (!loading.ok) return failed({ k: "unavailable", fault: loading.fault });
    const { policies } = loading.value;
    if (policies === null) return failed({ k: "problems", problems: loading.value.problems, texts });
    return ok({
      principal: { type: "Agent", id: agentEntityId(agentFile, name) },
      tier: spec.agents.find((one) => one.name === name)?.sandboxFloor?.tier ?? "wasm",
      warnings: loading.value.problems,
      texts,
      decide: (question, until) => policies.decide(question, until),
      explain: (question, until) => policies.explain(question, until),
      close: async () => {
        policies.close();
        await decider.close();
      },
    });
  },
});
