import { utf8 } from "#kernel/bytes.ts";
import type { SandboxLimits, SandboxProgram } from "#ports/sandbox.ts";

import { NODE, RUNNER_FILE, VALUE_FILE } from "./image-layout.ts";

/** A command line, and what it is given on its standard input. */
export interface Command {
  readonly command: readonly string[];
  readonly input: Uint8Array;
}

const MEBIBYTE = 1024 * 1024;
/** V8 needs some for itself. */
const HEAP_MEBIBYTES_MIN = 16;

/** Unpacks an archive into the working folder. */
export const unpacking: readonly string[] = ["/bin/tar", "-x", "-f", "-", "-C", "/work"];

/**
 * What a command says on its standard output right before the program's first instruction, from which
 * on its time counts: an interpreter may take long to start.
 */
export const BEGIN_MARK = "\0";

/**
 * Both kinds of program come on standard input, which has no limit on its length, and are left with an
 * empty one.
 */
export const commandOf = (program: SandboxProgram, limits: SandboxLimits): Command => {
  if (program.kind === "shell") {
    const reading =
      'program="$(/bin/cat; /bin/echo x)"; exec </dev/null; /bin/printf "\\0"; eval "${program%x}"';
    return { command: ["/bin/sh", "-c", reading, "sh"], input: utf8(program.command) };
  }
  const heap = Math.max(HEAP_MEBIBYTES_MIN, Math.floor(limits.memoryBytesMax / MEBIBYTE));
  return {
    command: [NODE, `--max-old-space-size=${heap}`, RUNNER_FILE, VALUE_FILE, String(limits.outputBytesMax)],
    input: utf8(program.code),
  };
};

/**
 * Ends whatever the program left running, so that no file changes any more, and gives an archive of its
 * files and its value. Says on standard error how often the kernel ended a process for want of memory.
 */
export const collecting: readonly string[] = [
  "/bin/sh",
  "-c",
  [
    "kill -9 -1 2>/dev/null",
    "cat /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events >&2 2>/dev/null",
    "chmod -R u+rwX /work 2>/dev/null",
    "cd / || exit 1",
    // A link in the place of the value is archived as a link, which is refused.
    `if [ -e ${VALUE_FILE} ]; then exec tar -c -f - ${VALUE_FILE.slice(1)} work; else exec tar -c -f - work; fi`,
  ].join("; "),
];

/** How often the kernel ended a process of the container for want of memory, from what `collecting` said. */
export const memoryKills = (said: string): number =>
  Math.max(0, ...[...said.matchAll(/^oom_kill (\d{1,9})$/gm)].map(([, count]) => Number(count)));
