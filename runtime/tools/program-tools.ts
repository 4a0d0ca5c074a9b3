import { isAbort } from "#kernel/abort.ts";
import { invariant } from "#kernel/invariant.ts";
import { readJson } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ToolFault } from "#ports/executor.ts";
import type { SandboxProgram } from "#ports/sandbox.ts";
import { PROGRAM_TIMEOUT_MS_DEFAULT } from "#sandbox/profile.ts";

import { textOf } from "./builtin-executor.ts";
import type { BuiltinTool } from "./builtin-executor.ts";
import type { ProgramEnd, RunFiles } from "./run-files.ts";

/**
 * What of a call's time the engine may need before the program's first instruction and after its
 * last, so that the program's own deadline fires before the call's.
 */
const ENGINE_MS = 1_000;

const CHANGES_NAMED = 100;

export const runJavascriptTool = (files: RunFiles): BuiltinTool =>
  programTool(files, {
    name: "run_javascript",
    argument: "code",
    program: (code) => ({ kind: "javascript", code }),
  });

export const shellTool = (files: RunFiles): BuiltinTool =>
  programTool(files, {
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

const programTool = (files: RunFiles, { name, argument, program }: ProgramKind): BuiltinTool => ({
  name,
  timeoutMsDefault: PROGRAM_TIMEOUT_MS_DEFAULT + ENGINE_MS,

  async plan(given) {
    if (!files.programs.includes(program("").kind)) {
      return failed(fault("TOOL_UNSUPPORTED", `the run's sandbox does not run what ${name} needs`));
    }
    // A program may read every file, and nobody sees which.
    return ok({ arguments: { [argument]: textOf(given, argument) }, labels: files.allLabels() });
  },

  async act(call, { timeoutMs, signal, onOutput }) {
    const limited = { timeoutMs: Math.max(1, timeoutMs - ENGINE_MS), signal, onOutput };
    const end = await files
      .exec(program(textOf(call.arguments, argument)), call.labels, limited)
      .catch(endedFromOutside);
    if (!end.ok) return end;
    return ok({ text: told(end.value), value: valueOf(end.value), labels: [], changes: end.value.changes });
  },
});

/** A program that was aborted has changed nothing, and to know that is worth more than the AbortError. */
const endedFromOutside = (error: unknown): Result<never, ToolFault> => {
  if (!isAbort(error)) throw error;
  return failed(fault("TOOL_UNAVAILABLE", "the program was ended before it was done, and changed nothing"));
};

const ENDINGS: Readonly<Record<Exclude<ProgramEnd["result"]["ended"], "exited">, string>> = {
  deadline: "it ran longer than it may and was ended; files are as they were before it",
  memory: "it took more memory than it may and was ended; files are as they were before it",
  output: "it printed far more than it may and was ended; files are as they were before it",
  crashed: "it crashed; files are as they were before it",
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
