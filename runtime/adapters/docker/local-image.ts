import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { utf8 } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { SandboxFault } from "#ports/sandbox.ts";
import { writeTar } from "#sandbox/tar-write.ts";
import type { TarFile, TarPlace } from "#sandbox/tar-write.ts";

import { isStaticProgram } from "./elf.ts";
import { NODE, RUNNER_FILE } from "./image-layout.ts";
import { JAVASCRIPT_RUNNER } from "./javascript-runner.ts";

/** Programs of this machine that an image is made of. */
export interface LocalPrograms {
  /** Where a busybox that needs no libraries may be; the first that is there is taken. */
  readonly busybox: readonly string[];
  readonly node: string;
}

export const localPrograms = (): LocalPrograms => ({
  busybox: ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox-static", "/sbin/busybox"],
  node: process.execPath,
});

const run = promisify(execFile);

const TOOL_MS_MAX = 10_000;

/** Mount points, and what programs expect to find. */
const FOLDERS = ["bin", "dev", "etc", "opt", "opt/writ", "proc", "sys", "tmp", "work"];

/**
 * An image as the archive of its files, made of programs that are on this machine: busybox with its
 * commands, Node with the libraries that its loader names, and what runs JavaScript. Nothing is fetched.
 * Equal programs make equal archives.
 */
export const localImage = async (
  programs: LocalPrograms,
): Promise<Result<Uint8Array<ArrayBuffer>, SandboxFault>> => {
  const here = await imagePrograms(programs);
  if (!here.ok) return here;
  const busybox = here.value;
  try {
    const commands = (await run(busybox.path, ["--list"], { timeout: TOOL_MS_MAX })).stdout
      .trim()
      .split("\n");
    const libraries = await librariesOf(programs.node);
    const read = async (from: string, to = from): Promise<TarFile> => ({
      path: to.replace(/^\/+/, ""),
      bytes: await readFile(from),
      executable: true,
    });
    const links = commands
      .filter((command) => /^[\w.[+-]+$/.test(command) && command !== "busybox")
      .map((command): TarPlace => ({ kind: "link", path: `bin/${command}`, target: "busybox" }));
    const folders = FOLDERS.map((path): TarPlace => ({ kind: "folder", path }));
    const files = [
      { path: "bin/busybox", bytes: busybox.bytes, executable: true },
      await read(programs.node, NODE),
      ...(await Promise.all(libraries.map((path) => read(path)))),
      { path: RUNNER_FILE.slice(1), bytes: utf8(JAVASCRIPT_RUNNER), executable: false },
    ];
    return ok(writeTar(files, [...folders, ...links]));
  } catch (error) {
    return missing(`the programs of the image cannot be read (${errorCode(error)})`);
  }
};

interface Program {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The busybox that an image would be made of, or what is missing for one. */
export const imagePrograms = async ({
  busybox,
}: Pick<LocalPrograms, "busybox">): Promise<Result<Program, SandboxFault>> => {
  if (process.platform !== "linux" || process.versions["electron"] !== undefined) {
    return missing("the image of containers can be made only by Node on Linux");
  }
  const found = await findBusybox(busybox);
  return found === null
    ? missing("there is no busybox here that needs no libraries", BUSYBOX_HELP)
    : ok(found);
};

const findBusybox = async (places: readonly string[]): Promise<Program | null> => {
  for (const path of places) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes !== null && isStaticProgram(bytes)) return { path, bytes };
  }
  return null;
};

/** Each library by the path under which the loader looks for it. */
const librariesOf = async (program: string): Promise<readonly string[]> => {
  if (isStaticProgram(await readFile(program))) return [];
  const { stdout } = await run("ldd", [program], { timeout: TOOL_MS_MAX });
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path = ""]) => path);
};

const BUSYBOX_HELP =
  "install busybox-static (Debian, Ubuntu) or name an image that this engine has in WRIT_SANDBOX_IMAGE";

const missing = (
  why: string,
  help = "name an image that this engine has in WRIT_SANDBOX_IMAGE",
): Result<never, SandboxFault> => failed(fault("SANDBOX_UNAVAILABLE", why, { help }));
