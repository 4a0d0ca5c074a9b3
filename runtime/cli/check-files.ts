import { basename, resolve } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { readSourceFile } from "#host/source-file.ts";
import { findWorkspace, workspacePath } from "#host/workspace.ts";
import type { Lowering } from "#ports/lowering.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { Checked, Problem } from "#protocol/problem.ts";
import { mayRun } from "#protocol/problem.ts";

import type { Environment, Invocation } from "./command.ts";

/** What checking takes from the rest of the house. */
export interface CheckDeps {
  /** Called once, when there is something to lower. */
  readonly openLowering: () => Lowering;
  /** What a run of the agent would be consented to. The tier and the model are part of it. */
  readonly powersOf: (
    spec: AgentSpec,
    agent: string,
    choice: PowersChoice,
    environment: Environment,
  ) => Promise<Result<PowersView, Fault<string>>>;
}

/** What the person chose; null where the configured default holds. */
export interface PowersChoice {
  readonly model: string | null;
  readonly sandbox: string | null;
}

export interface PowersView {
  /** What `--consent` of `writ run` takes. */
  readonly digest: Sha256;
  readonly powers: JsonObject;
  /** For people; safe to print. */
  readonly lines: readonly string[];
}

/** What became of one file. */
export interface CheckedFile {
  readonly path: string;
  readonly text: string;
  readonly outcome:
    | {
        readonly k: "checked";
        readonly checked: Checked<AgentSpec | null>;
        readonly powers: readonly AgentPowers[];
      }
    /** `usage`: the path cannot be read; `ended`: reading it did not come to an end. */
    | { readonly k: "usage" | "ended"; readonly fault: Fault<string> };
}

export interface AgentPowers {
  readonly agent: string;
  readonly result: Result<PowersView, Fault<string>>;
}

export const checkFile = async (
  deps: CheckDeps,
  lowering: Lowering,
  invocation: Invocation,
  path: string,
): Promise<CheckedFile> => {
  const absolute = resolve(invocation.environment.cwd, path);
  const bytes = await readSourceFile(absolute);
  if (!bytes.ok) return { path, text: "", outcome: { k: "usage", fault: bytes.fault } };
  const location = await specPath(invocation, absolute);
  if (!location.ok) return { path, text: "", outcome: { k: "usage", fault: location.fault } };
  const lowered = await lowering.lower({ path: location.value, bytes: bytes.value }, invocation.signal);
  const text = utf8Text(bytes.value) ?? "";
  if (!lowered.ok) return { path, text, outcome: { k: "ended", fault: lowered.fault } };
  const checked = lowered.value;
  const chosen = invocation.values.get("agent")?.[0];
  const names = (checked.value?.agents ?? []).map((agent) => agent.name);
  if (chosen !== undefined && checked.value !== null && !names.includes(chosen)) {
    const known =
      names.length === 0 ? "it has none" : `it has ${names.map((name) => visibleText(name)).join(", ")}`;
    const unknown = fault(
      "CLI_NO_SUCH_AGENT",
      `\`${visibleText(path)}\` has no agent of that name; ${known}`,
    );
    return { path, text, outcome: { k: "usage", fault: unknown } };
  }
  return {
    path,
    text,
    outcome: { k: "checked", checked, powers: await powersIn(deps, invocation, checked, chosen) },
  };
};

const powersIn = async (
  deps: CheckDeps,
  { switches, values, environment }: Invocation,
  { value, problems }: Checked<AgentSpec | null>,
  chosen: string | undefined,
): Promise<readonly AgentPowers[]> => {
  if (!switches.has("powers") || value === null || !mayRun(problems)) return [];
  const choice: PowersChoice = {
    model: values.get("model")?.[0] ?? null,
    sandbox: values.get("sandbox")?.[0] ?? null,
  };
  const found: AgentPowers[] = [];
  for (const { name } of value.agents) {
    if (chosen === undefined || chosen === name) {
      found.push({ agent: name, result: await deps.powersOf(value, name, choice, environment) });
    }
  }
  return found;
};

/** The path under which the workspace knows the file; that decides its agents' identity. */
const specPath = async (
  { values, environment }: Invocation,
  absolute: string,
): Promise<Result<string, Fault<string>>> => {
  const chosen = values.get("workspace")?.[0];
  const folder = await findWorkspace(
    absolute,
    chosen === undefined ? null : resolve(environment.cwd, chosen),
  );
  if (!folder.ok) return folder;
  return ok((await workspacePath(folder.value, absolute)) ?? basename(absolute).normalize("NFC"));
};

/** Everything that was found in a file; nothing for one that could not be read. */
export const problemsOf = ({ outcome }: CheckedFile): readonly Problem[] =>
  outcome.k === "checked" ? outcome.checked.problems : [];
