import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { UUID_V7 } from "./entry.ts";

/** The files of one log (section 2): bytes by name, with `/` in the names of artefacts. */
export type LogFiles = ReadonlyMap<string, Uint8Array>;

/** One segment: its whole lines without their newlines, what stands behind the last newline, its sealed bytes. */
export interface Segment {
  readonly lines: readonly Uint8Array[];
  readonly rest: Uint8Array;
  readonly content: Uint8Array;
}

const NEWLINE = 0x0a;
const NOTHING = new Uint8Array(0);

/** The segments by number. Files that are no part of the format are left out. */
export const segmentsOf = (files: LogFiles): ReadonlyMap<number, Segment> => {
  const numbers = new Set<number>();
  for (const name of files.keys()) {
    const digits = /^([0-9]{6})\.(?:jsonl|content)$/.exec(name)?.[1];
    if (digits !== undefined && digits !== "000000") numbers.add(Number(digits));
  }
  return new Map(
    [...numbers]
      .sort((left, right) => left - right)
      .map((number) => {
        const stem = String(number).padStart(6, "0");
        const content = files.get(`${stem}.content`) ?? NOTHING;
        return [number, { ...linesOf(files.get(`${stem}.jsonl`) ?? NOTHING), content }];
      }),
  );
};

const linesOf = (bytes: Uint8Array): Pick<Segment, "lines" | "rest"> => {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, rest: bytes.subarray(start) };
};

/** The files of a real folder; none where there is no such folder. */
export const readLogFolder = async (folder: string): Promise<LogFiles> => {
  const files = new Map<string, Uint8Array>();
  for (const under of ["", "artefacts/"]) {
    for (const entry of await entriesOf(join(folder, under))) {
      if (entry.isFile()) files.set(under + entry.name, await readFile(join(folder, under, entry.name)));
    }
  }
  return files;
};

/** The log that a folder's name claims it is; undefined for a copy under another name. */
export const logOfFolder = (folder: string): string | undefined =>
  UUID_V7.test(basename(folder)) ? basename(folder) : undefined;

const entriesOf = async (folder: string) => {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};
