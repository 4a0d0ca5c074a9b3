import type { SandboxTier } from "./agent-spec.ts";
import { CALL_PATH_BYTES_MAX } from "./call-path.ts";
import type { ActionName } from "./policy-vocabulary.ts";

/*
 * The built-in tools. The language resolves calls and rules against this table at check time,
 * the registry offers exactly it to the model, and executors refuse what it does not hold.
 */

export interface ToolParameter {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "string-list";
  readonly required: boolean;
  readonly summary: string;
  /** Longest string in UTF-8 bytes. */
  readonly bytesMax?: number;
  /** What the string names where it is a path; rules compare it in the one form of such paths. */
  readonly names?: "file" | "folder";
}

/** What executing a tool may change; a policy sees these as `resource.effects`. */
export const TOOL_EFFECTS = [
  "reads-run-files",
  "writes-run-files",
  "executes-code",
  "writes-workspace",
] as const;
export type ToolEffect = (typeof TOOL_EFFECTS)[number];

export const TOOL_RISKS = ["low", "medium", "high"] as const;

export interface ToolDescriptor {
  readonly name: string;
  /** The one action that a call of this tool is. */
  readonly action: ActionName;
  readonly summary: string;
  readonly parameters: readonly ToolParameter[];
  readonly effects: readonly ToolEffect[];
  readonly risk: (typeof TOOL_RISKS)[number];
  /** Tiers whose sandbox can run it. */
  readonly tiers: readonly SandboxTier[];
  /** False when a failed or interrupted call may have had an effect. */
  readonly idempotent: boolean;
}

const path = (summary: string): ToolParameter => ({
  name: "path",
  type: "string",
  required: true,
  summary,
  bytesMax: CALL_PATH_BYTES_MAX,
  names: "file",
});

/** Longest text that one write or one program may carry, in UTF-8 bytes. */
export const TOOL_TEXT_BYTES_MAX = 4 * 1024 * 1024;

export const BUILTIN_TOOLS: readonly ToolDescriptor[] = [
  {
    name: "read_file",
    action: "tool_call",
    summary: "Reads a text file of the run's own copy of the workspace.",
    parameters: [path("Path below the run's working folder, with `/` between parts.")],
    effects: ["reads-run-files"],
    risk: "low",
    tiers: ["wasm", "docker", "gvisor"],
    idempotent: true,
  },
  {
    name: "list_files",
    action: "tool_call",
    summary:
      "Lists the files below a folder of the run's own copy of the workspace: those that the agent may read.",
    parameters: [
      {
        ...path("Folder below the run's working folder; `.` or nothing for all."),
        required: false,
        names: "folder",
      },
    ],
    effects: ["reads-run-files"],
    risk: "low",
    tiers: ["wasm", "docker", "gvisor"],
    idempotent: true,
  },
  {
    name: "write_file",
    action: "tool_call",
    summary:
      "Writes a text file in the run's own copy of the workspace; the workspace itself stays as it is.",
    parameters: [
      path("Path below the run's working folder."),
      {
        name: "content",
        type: "string",
        required: true,
        summary: "The whole new text.",
        bytesMax: TOOL_TEXT_BYTES_MAX,
      },
    ],
    effects: ["writes-run-files"],
    risk: "low",
    tiers: ["wasm", "docker", "gvisor"],
    idempotent: true,
  },
  {
    name: "run_javascript",
    action: "tool_call",
    summary:
      "Runs a JavaScript program in the sandbox, with `files.read`, `files.write` and `files.list` over the run's own files and no network. It sees the files that the agent may read; its changes are kept if the agent may write all of them.",
    parameters: [
      {
        name: "code",
        type: "string",
        required: true,
        summary: "The program; the value of its last expression is the result.",
        bytesMax: TOOL_TEXT_BYTES_MAX,
      },
    ],
    effects: ["executes-code", "reads-run-files", "writes-run-files"],
    risk: "medium",
    tiers: ["wasm", "docker", "gvisor"],
    idempotent: false,
  },
  {
    name: "shell",
    action: "tool_call",
    summary:
      "Runs a shell command in the sandbox's working folder, without network. It sees the files that the agent may read; its changes are kept if the agent may write all of them.",
    parameters: [
      {
        name: "command",
        type: "string",
        required: true,
        summary: "The command line for `/bin/sh -c`.",
        bytesMax: 128 * 1024,
      },
    ],
    effects: ["executes-code", "reads-run-files", "writes-run-files"],
    risk: "high",
    tiers: ["docker", "gvisor"],
    idempotent: false,
  },
  {
    name: "publish_file",
    action: "publish_file",
    summary:
      "Proposes one changed file of the run for the workspace; it is shown as a diff and refused if the workspace's file changed meanwhile.",
    parameters: [path("Path of a file that the run changed.")],
    effects: ["writes-workspace"],
    risk: "medium",
    tiers: ["wasm", "docker", "gvisor"],
    idempotent: false,
  },
];
