import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createWorkspaceFiles } from "#adapters/workspace-files/workspace-files.ts";
import type { WorkspaceDeps } from "#adapters/workspace-files/workspace-files.ts";
import type { WorkspaceFiles, WorkspaceSnapshot } from "#ports/workspace-files.ts";

/** A folder of its own, with everything that a test does in it by hand. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), "writ-workspace-"));
  /** Where git looks for a user's settings: nothing of the machine that tests. */
  readonly home = mkdtempSync(join(tmpdir(), "writ-home-"));

  at(path: string): string {
    return join(this.path, path);
  }

  write(path: string, content: string | Uint8Array, mode?: number): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
    if (mode !== undefined) chmodSync(this.at(path), mode);
  }

  read(path: string): Uint8Array | undefined {
    try {
      return new Uint8Array(readFileSync(this.at(path)));
    } catch {
      return undefined;
    }
  }

  text(path: string): string | undefined {
    return this.read(path) && readFileSync(this.at(path), "utf8");
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@localhost", ...args], {
      cwd: this.path,
      env: { PATH: process.env["PATH"], HOME: this.home },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  workspace(
    deps: Partial<WorkspaceDeps> = {},
    environment: Readonly<Record<string, string>> = {},
    ownFolders: readonly string[] = [],
  ): WorkspaceFiles {
    return createWorkspaceFiles(
      {
        root: this.path,
        environment: { PATH: process.env["PATH"] ?? "", HOME: this.home, ...environment },
        ownFolders,
      },
      { crypto: createNodeCrypto(), ...deps },
    );
  }

  async snapshot(): Promise<WorkspaceSnapshot> {
    const taken = await this.workspace().snapshot(new AbortController().signal);
    if (!taken.ok) throw new Error(`${taken.fault.code}: ${taken.fault.message}`);
    return taken.value;
  }

  /** Names of files that a publish would have left if it were interrupted. */
  temporaries(): readonly string[] {
    return readdirSync(this.path, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.includes(".writ-"),
    );
  }

  remove(): void {
    for (const folder of [this.path, this.home]) rmSync(folder, { recursive: true, force: true });
  }
}
