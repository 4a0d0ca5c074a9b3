import { isAbort } from "#kernel/abort.ts";
import { invariant } from "#kernel/invariant.ts";
import { readJson } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ToolFault } from "#ports/executor.ts";
import type { SandboxProgram } from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { PROGRAM_TIMEOUT_MS_DEFAULT } from "#sandbox/profile.ts";

import { textOf } from "./builtin-executor.ts";
import type { BuiltinTool } from "./builtin-executor.ts";
import type { ProgramEnd } from "./run-files.ts";
import { decideSight, sightOf } from "./sight.ts";
import type { SightDeps } from "./sight.ts";
import { deniedWrites } from "./supposed-writes.ts";

/**
 * What of a call's time the engine may need before the program's first instruction and after its
 * last, so that the program's own deadline fires before the call's.
 */
const engineMs = (tier: SandboxTier): number => (tier === "wasm" ? 1_000 : 10_000);

/** Where a call has little time, half of it is the program's. */
const programMs = (timeoutMs: number, tier: SandboxTier): number =>
  Math.max(1, Math.floor(timeoutMs / 2), timeoutMs - engineMs(tier));

const CHANGES_NAMED = 100;
const DENIED_NAMED = 10;

export const runJavascriptTool = (deps: SightDeps): BuiltinTool =>
  programTool(deps, {
    name: "run_javascript",
    argument: "code",
    program: (code) => ({ kind: "javascript", code }),
  });

export const shellTool = (deps: SightDeps): BuiltinTool =>
  programTool(deps, {
    name: "shell",
    argument: "command",
    program: (command) => ({ kind: "shell", command }),
  });

interface ProgramKind {
  readonly name: string;
  /** The argument that holds the program. */
  readonly argument: string;
  readonly program: (text: string) => SandboxProgram;
}

/**
 * A program sees the files that `read_file` may read in its call's place, and changes are kept only
 * where `write_file` may write each of them.
 */
const programTool = (deps: SightDeps, { name, argument, program }: ProgramKind): BuiltinTool => ({
  name,
  timeoutMsDefault: PROGRAM_TIMEOUT_MS_DEFAULT + engineMs(deps.files.tier),

  async plan(_, options) {
    const { files } = deps;
    // A program may read every file that it sees, and nobody sees which.
    const labels = files.allLabels();
    if (!files.programs.includes(program("").kind)) {
      const why = `the run's sandbox does not run what ${name} needs`;
      return { labels, deed: failed(fault("TOOL_UNSUPPORTED", why)) };
    }
    const sight = await decideSight(deps, { folder: ".", labels }, options);
    return { labels, deed: sight.ok ? ok({ details: { files: sight.value } }) : sight };
  },

  async act(call, { timeoutMs, signal, onOutput, wouldAllow }) {
    const sight = await sightOf(deps, ".", call.details, signal);
    if (!sight.ok) return sight;
    let denied: readonly string[] = [];
    const end = await deps.files
      .exec(program(textOf(call.arguments, argument)), call.labels, {
        timeoutMs: programMs(timeoutMs, deps.files.tier),
        signal,
        onOutput,
        hidden: sight.value.hidden,
        mayKeep: async (changes, stopping) => {
          denied = await deniedWrites(changes, wouldAllow, { labels: call.labels, signal: stopping });
          return denied.length === 0;
        },
      })
      .catch(endedFromOutside);
    if (!end.ok) return end;
    if (denied.length > 0) return failed(changesDenied(denied));
    return ok({ text: told(end.value), value: valueOf(end.value), labels: [], changes: end.value.changes });
  },
});

/** A program that was aborted has changed nothing, and to know that is worth more than the AbortError. */
const endedFromOutside = (error: unknown): Result<never, ToolFault> => {
  if (!isAbort(error)) throw error;
  return failed(fault("TOOL_UNAVAILABLE", "the program was ended before it was done, and changed nothing"));
};

const changesDenied = (paths: readonly string[]): ToolFault => {
  const named = paths.slice(0, DENIED_NAMED).map((path) => `\`${visibleText(path)}\``);
  if (paths.length > DENIED_NAMED) named.push(`${paths.length - DENIED_NAMED} more`);
  return fault(
    "TOOL_CHANGES_DENIED",
    `the program ran, but none of its changes were kept: the rules of this run do not let it write ${named.join(", ")}`,
  );
};

const ENDINGS: Readonly<Record<Exclude<ProgramEnd["result"]["ended"], "exited">, string>> = {
  deadline: "it ran longer than it may and was ended; files are as they were before it",
  memory: "it took more memory than it may and was ended; files are as they were before it",
  output: "it printed far more than it may and was ended; files are as they were before it",
  crashed: "it crashed; files are as they were before it",
  killed:
    "it was killed, and nothing says by whom: by itself, by somebody on this machine, or because it took more memory than it may; files are as they were before it",
};

/** A program's end as text for a model: how it ended, what it gave, printed and changed. */
const told = ({ result, changes }: ProgramEnd): string => {
  const parts = [
    result.ended === "exited" ? `exit code ${result.exitCode ?? "unknown"}` : ENDINGS[result.ended],
  ];
  if (result.value !== null) parts.push(`value: ${result.value}`);
  if (result.stdout !== "") parts.push(`stdout:\n${result.stdout.trimEnd()}`);
  if (result.stderr !== "") parts.push(`stderr:\n${result.stderr.trimEnd()}`);
  if (result.droppedBytes > 0) parts.push(`(${result.droppedBytes} more bytes of output were dropped)`);
  if (changes.length > 0) {
    const named = changes.slice(0, CHANGES_NAMED).map((change) => `${change.kind} ${change.path}`);
    if (changes.length > CHANGES_NAMED) named.push(`and ${changes.length - CHANGES_NAMED} more`);
    parts.push(`files:\n${named.join("\n")}`);
  }
  return parts.join("\n");
};

const valueOf = ({ result }: ProgramEnd): JsonValue => ({
  ended: result.ended,
  exit_code: result.exitCode,
  value: completionValue(result.value),
  stdout: result.stdout,
  stderr: result.stderr,
  dropped_bytes: result.droppedBytes,
});

const completionValue = (text: string | null): JsonValue => {
  if (text === null) return null;
  const read = readJson(text);
  invariant(read.ok, "a session gives values as canonical JSON");
  return read.value;
};
