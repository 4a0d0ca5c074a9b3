import { resolve } from "node:path";

import type { Examination, HostState } from "#host/compose/doctor.ts";
import { examine } from "#host/compose/doctor.ts";
import { findWorkspace, findWorkspaceOfFolder } from "#host/workspace.ts";
import type { Workspace } from "#host/workspace.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { fault, failed, ok } from "#kernel/result.ts";
import { visibleJson } from "#kernel/visible-text.ts";

import { homeFolder } from "./account.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { doctorLines } from "./doctor-text.ts";
import { refuseUsage } from "./fault-output.ts";
import { attach, withHost, WORKSPACE_OPTION } from "./host-connection.ts";
import { tell } from "./tell.ts";
import { NODE_MIN, VERSION } from "./version.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Says what is there, what each missing part would add, and the command that gets it.",
  usage: "[--no-probe] [--workspace <dir>] [--json]",
  options: [
    { name: "no-probe", summary: "try no sandbox: start no program and no container" },
    WORKSPACE_OPTION,
    { name: "json", summary: "one JSON document instead of text" },
  ],
  notes: [
    "Exit code 0: an agent whose file names no sandbox can run here (with --no-probe: nothing that was",
    'looked at is in its way). 1: it cannot; `sandbox = "wasm"` in a file may do all the same.',
    "",
    "Nothing is changed but what trying a sandbox leaves behind: its image on the engine, and in the state",
    "folder whose containers these are and what was shown. No key is made, no host is started, nothing is",
    "sent to a model, and no command that is printed is run.",
  ],
  examples: [
    { line: "writ doctor", what: "Tries every sandbox that is here; containers take some seconds." },
    { line: "writ doctor --no-probe --json", what: "Only looks, for programs." },
  ],
  async run(invocation) {
    const { positionals, switches, terminal, signal } = invocation;
    if (positionals.length > 0) return refuseUsage(invocation, "`doctor` takes no names");
    const probes = !switches.has("no-probe");
    if (probes && terminal.interactive)
      tell(terminal, "trying what is here ...", { paint: terminal.style.dim });
    const report = await examine(await examination(invocation, probes), signal);
    if (switches.has("json")) {
      const document = { v: 1, product: `writ ${VERSION}`, ...report };
      terminal.out(visibleJson(JSON.stringify(document, null, 2)));
    } else for (const line of doctorLines(report, terminal)) terminal.out(line);
    const code: ExitCode = report.ready === false ? 1 : 0;
    return code;
  },
};

const examination = async (invocation: Invocation, probes: boolean): Promise<Examination> => {
  const { values, environment } = invocation;
  const { cwd, variables, stateDirectory } = environment;
  const chosen = values.get("workspace")?.[0];
  const workspace =
    chosen === undefined ? await findWorkspaceOfFolder(cwd) : await findWorkspace(cwd, resolve(cwd, chosen));
  return {
    workspace,
    variables,
    stateDirectory,
    home: homeFolder(),
    oldestNode: NODE_MIN.join("."),
    probes,
    askHost: (there, signal) => askHost({ ...invocation, signal }, there),
  };
};

const askHost = async (
  invocation: Invocation,
  workspace: Workspace,
): Promise<Result<HostState | null, Fault<string>>> => {
  const host = await attach(invocation, workspace, false);
  if (!host.ok || host.value === null) return host.ok ? ok(null) : host;
  return withHost(host.value, async (peer) => {
    const status = await peer.call("host/status", {}, { signal: invocation.signal });
    if (!status.ok) return failed(fault("HOST_SILENT", "the workspace's host does not say how it is"));
    const { product, runs, approvalsWaiting } = status.value;
    return ok({ product, runs, approvalsWaiting });
  });
};
