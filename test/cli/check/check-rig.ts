import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createCheckCommand } from "#cli/check.ts";
import type { CheckDeps } from "#cli/check-files.ts";
import type { ExitCode } from "#cli/command.ts";
import { parseLine } from "#cli/usage.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Lowering } from "#ports/lowering.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";
import { lowerBytes } from "#test/language-server/kit.ts";

/** A folder of its own for one test, removed at the end. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "writ-check-"));

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.path, name), content);
    return name;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Said {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
  /** Whether what was opened was closed. */
  readonly closed: boolean;
}

/** Lowers in place; a file called `hangs.symbi` is one that the thread did not finish. */
const inPlace = (onClose: () => void): Lowering => ({
  lower: async (input) =>
    input.path === "hangs.symbi"
      ? failed(fault("LOWERING_TIMEOUT", "the file was not read within 10 ms"))
      : ok(lowerBytes(input)),
  close: async () => onClose(),
});

const POWERS_DIGEST = "ab".repeat(32) as Sha256;

/** Runs `writ check <line>` in a folder. */
export const runCheck = async (
  folder: Folder,
  line: readonly string[],
  options: { readonly columns?: number; readonly powers?: CheckDeps["powersOf"] } = {},
): Promise<Said> => {
  let closed = true;
  const command = createCheckCommand({
    openLowering: () => {
      closed = false;
      return inPlace(() => void (closed = true));
    },
    powersOf:
      options.powers ??
      (async (spec, agent, choice) =>
        ok({
          digest: POWERS_DIGEST,
          powers: { agent, path: spec.source.path, ...choice },
          lines: [`agent    ${spec.source.path}#${agent}`, "tool     read_file"],
        })),
  });
  const terminal = createTerminalFake([], { columns: options.columns ?? 80, interactive: false });
  const parsed = parseLine(["check", ...line], [command]);
  if (parsed.k !== "run") throw new Error(`not a command line: ${parsed.k}`);
  const code = await command.run({
    positionals: parsed.positionals,
    switches: parsed.switches,
    values: parsed.values,
    terminal,
    environment: {
      cwd: folder.path,
      variables: { DOCKER_HOST: "unix:///no/engine" },
      stateDirectory: join(folder.path, "state"),
      user: "someone",
    },
    signal: new AbortController().signal,
    howInterrupted: () => null,
  });
  return { code, out: terminal.outLines.join("\n"), err: terminal.errLines.join("\n"), closed };
};
