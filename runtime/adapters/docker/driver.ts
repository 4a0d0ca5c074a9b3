import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { SandboxLimits, SandboxProgram } from "#ports/sandbox.ts";
import { writeTar } from "#sandbox/tar-write.ts";
import type { TarFile } from "#sandbox/tar-write.ts";

import { NODE, RUNNER_FILE, VALUE_FILE } from "./image-layout.ts";

/*
 * What happens inside of a container, and what goes in and comes out of it. One stream each way carries
 * everything: in go a line of settings, the files and the program; out come the program's outputs, and after
 * a mark its exit code and its files. The driver stands beside the program, as the same user, so nothing
 * that it says is trusted further than the program: it can lie about its own end, and about nothing else.
 */

/** What a program's interpreter says on standard output right before its first instruction, from which on its time counts. */
export const BEGIN_BYTE = 0;

/** Busybox reads and writes archives in records of this size. */
const RECORD_BYTES = 10_240;
const MEBIBYTE = 1024 * 1024;
/** V8 needs some for itself. */
const HEAP_MEBIBYTES_MIN = 16;

/** Both kinds of program come on standard input, which has no limit on its length, and are left with an empty one. */
const SHELL = 'program="$(/bin/cat; /bin/echo x)"; exec </dev/null; /bin/printf "\\0"; eval "${program%x}"';

const END_PIPE = "/tmp/.writ-end";

/**
 * The first process of a container. It waits for a program, for at most `waitSecondsMax`, and ends with it;
 * with it ends all else in the container, which is how an engine ends a container anyway. It ends too when
 * whoever started it is gone: before a program has come at once, since its input ends, and later after the
 * time that came with the program.
 *
 * Whatever the program left running is killed before its files are collected, so that none changes any more.
 * The mark comes on both outputs then, since an engine carries each for itself: behind it is nothing of the
 * program's.
 * A link in the place of the value is archived as a link, which is refused.
 */
export const driver = (waitSecondsMax: number): readonly string[] => [
  "/bin/sh",
  "-c",
  `mkfifo ${END_PIPE} || exit 1
read -r -t ${waitSecondsMax} mark records kind heap value_bytes life || exit 1
drive() {
  if [ "$records" != 0 ]; then
    dd bs=${RECORD_BYTES} count="$records" iflag=fullblock 2>/dev/null | tar -x -f - -C /work || exit 1
  fi
  if [ "$kind" = javascript ]; then
    ${NODE} --max-old-space-size="$heap" ${RUNNER_FILE} ${VALUE_FILE} "$value_bytes" 8>&-
  else
    /bin/sh -c '${SHELL}' sh 8>&-
  fi
  echo $? >&8
}
exec 9<&0
drive <&9 9<&- 8>${END_PIPE} &
exec 9<&- </dev/null
read -r -t "$life" code <${END_PIPE} || exit 1
kill -9 -1 2>/dev/null
wait
kills=0
for file in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
  [ -r $file ] && while read -r name count; do [ "$name" = oom_kill ] && kills=$count; done <$file
done
chmod -R u+rwX /work 2>/dev/null
cd /
printf '\\n%s %s %s\\n' "$mark" "$code" "$kills" >&2
printf '\\n%s %s %s\\n' "$mark" "$code" "$kills"
if [ -e ${VALUE_FILE} ]; then tar -c -f - ${VALUE_FILE.slice(1)} work; else tar -c -f - work; fi 2>/dev/null
printf '\\n%s %s\\n' "$mark" $?`,
  "sh",
];

export interface DriverJob {
  readonly program: SandboxProgram;
  readonly files: readonly TarFile[];
  readonly limits: SandboxLimits;
  /** A text of hexadecimal digits that the program cannot guess: it stands between its output and its files. */
  readonly mark: string;
  /** Longest that the container lives from here on, should nobody end it. */
  readonly lifeSecondsMax: number;
}

/** All that a container gets on its standard input. */
export const driverInput = ({ program, files, limits, mark, lifeSecondsMax }: DriverJob): Uint8Array => {
  const archive = files.length === 0 ? new Uint8Array() : writeTar(files);
  const records = Math.ceil(archive.length / RECORD_BYTES);
  const heap = Math.max(HEAP_MEBIBYTES_MIN, Math.floor(limits.memoryBytesMax / MEBIBYTE));
  const settings = [mark, records, program.kind, heap, limits.outputBytesMax, lifeSecondsMax];
  return concatBytes(
    utf8(`${settings.join(" ")}\n`),
    archive,
    new Uint8Array(records * RECORD_BYTES - archive.length),
    utf8(program.kind === "shell" ? program.command : program.code),
  );
};

/** How a program ended by itself, as the driver says it. */
export interface DriverEnd {
  readonly exitCode: number;
  /** How often the kernel ended a process of the container for want of memory. */
  readonly memoryKills: number;
}

const END_LINE = /^ (\d{1,3}) (\d{1,9})\n/;
const END_LINE_BYTES_MAX = 16;

/** Where what a program prints on one of its outputs ends and what the driver says begins. */
export interface DriverOutput {
  /** Gives what of the bytes is the program's. What could be the beginning of the mark is held back. */
  push(bytes: Uint8Array): Uint8Array;
  /** What was held back, once nothing more comes. */
  rest(): Uint8Array;
  /** Null until the mark has come; `archive` takes the part of the bytes behind it. */
  end(): DriverEnd | null;
}

/** @param archive is given what comes behind the driver's first line. */
export const createDriverOutput = (mark: string, archive: (bytes: Uint8Array) => void): DriverOutput => {
  const sign = utf8(`\n${mark}`);
  let held: Uint8Array = new Uint8Array();
  let hasSign = false;
  let end: DriverEnd | null = null;
  const pushLine = (bytes: Uint8Array): void => {
    held = concatBytes(held, bytes);
    const text = String.fromCharCode(...held.subarray(0, END_LINE_BYTES_MAX));
    const [line = "", exitCode, memoryKills] = END_LINE.exec(text) ?? [];
    if (line === "") {
      // What is no such line will not become one; nothing is kept of it.
      held = held.slice(0, END_LINE_BYTES_MAX);
      return;
    }
    end = { exitCode: Number(exitCode), memoryKills: Number(memoryKills) };
    archive(held.subarray(line.length));
  };
  return {
    push(bytes) {
      if (end !== null) archive(bytes);
      else if (hasSign) pushLine(bytes);
      if (hasSign) return new Uint8Array();
      const all = held.length === 0 ? bytes : concatBytes(held, bytes);
      const at = Buffer.from(all.buffer, all.byteOffset, all.length).indexOf(sign);
      const until = at >= 0 ? at : all.length - partOfSign(all, sign);
      held = all.slice(at >= 0 ? at + sign.length : until);
      hasSign = at >= 0;
      if (hasSign) pushLine(new Uint8Array());
      return all.subarray(0, until);
    },
    rest: () => (hasSign ? new Uint8Array() : held),
    end: () => end,
  };
};

/** How many of the last bytes are the sign's first ones. */
const partOfSign = (bytes: Uint8Array, sign: Uint8Array): number => {
  for (let size = Math.min(sign.length - 1, bytes.length); size > 0; size -= 1) {
    const from = bytes.length - size;
    if (sign.subarray(0, size).every((byte, index) => bytes[from + index] === byte)) return size;
  }
  return 0;
};

const trailerOf = (mark: string): Uint8Array => utf8(`\n${mark} 0\n`);

/** Sees in what comes behind the driver's first line, in parts as they come, whether it ends as a whole archive does. */
export const createArchiveEnd = (mark: string): { push(bytes: Uint8Array): void; isThere(): boolean } => {
  const trailer = trailerOf(mark);
  let last: Uint8Array = new Uint8Array();
  return {
    push(bytes) {
      last = concatBytes(last, bytes.subarray(-trailer.length)).slice(-trailer.length);
    },
    isThere: () => endsWith(last, trailer),
  };
};

/** The archive in what came behind the driver's first line, or null where it did not come whole. */
export const wholeArchive = (bytes: Uint8Array, mark: string): Uint8Array | null => {
  const trailer = trailerOf(mark);
  return endsWith(bytes, trailer) ? bytes.subarray(0, bytes.length - trailer.length) : null;
};

const endsWith = (bytes: Uint8Array, end: Uint8Array): boolean => {
  const at = bytes.length - end.length;
  return at >= 0 && end.every((byte, index) => bytes[at + index] === byte);
};
