import { readCanonicalJson } from "./canonical-json.ts";
import type { Entry } from "./entry.ts";
import { asEntry, keyFields } from "./entry.ts";
import type { Segment } from "./folder.ts";
import type { Expectation, Fault, FaultKind } from "./rows.ts";
import { isCommit, rows } from "./rows.ts";
import { leafHash, treeRoot } from "./tree.ts";

/** Reads a log's lines from front to back and remembers what later lines and checkpoints are held against. */
export interface Reader {
  /** Rows 1 to 14 for the lines of the next segment. */
  readonly readSegment: (segment: Segment) => readonly Fault[];
  /** Whole lines so far. */
  readonly lines: number;
  /** Lines up to and including the last commit record. */
  readonly committed: number;
  readonly commits: number;
  /** Sealed bytes behind those that the lines of the last segment account for. */
  readonly contentLeft: number;
  readonly log: string | undefined;
  readonly workspaceKey: string | undefined;
  /** Of the tree over so many lines, in hexadecimal. */
  readonly rootAt: (size: number) => string;
  /** The writer keys that were current at some line before this one. */
  readonly writerKeysBefore: (size: number) => readonly string[];
}

const LINE_BYTES_MAX = 1_048_576;

const readEntry = (line: Uint8Array): Entry | "malformed" | "not-canonical" => {
  if (line.length > LINE_BYTES_MAX) return "malformed";
  const reading = readCanonicalJson(line);
  return reading.kind === "canonical" ? (asEntry(reading.value) ?? "malformed") : reading.kind;
};

export const logReader = (expected: Expectation): Reader => {
  const leaves: Buffer[] = [];
  const revoked = new Set<string>();
  const writerKeys: { readonly key: string; readonly from: number }[] = [];
  let log = expected.log;
  let workspaceKey: string | undefined;
  let before: Entry | undefined;
  let retiredAt: number | undefined;
  let content: Uint8Array | undefined;
  let sequence: number | undefined = 0;
  let [lines, committed, commits] = [0, 0, 0];
  let faulty = false;

  const rootAt = (size: number): string => treeRoot(leaves.slice(0, size)).toString("hex");

  const readLine = (line: Uint8Array): FaultKind | undefined => {
    const index = lines;
    const entry = readEntry(line);
    lines += 1;
    leaves.push(leafHash(line));
    if (typeof entry === "string") {
      before = content = sequence = undefined;
      return entry;
    }
    if (index === 0) log ??= entry.log;
    const writerKey = writerKeys.at(-1)?.key;
    const facts = { expected, index, log, workspaceKey, writerKey, revoked, before, retiredAt };
    // Behind a fault every root differs, which is no news.
    const root = isCommit(entry) && !faulty ? rootAt(index) : undefined;
    const standing = { ...facts, sequence, root, content };
    const kind = rows.find(([, isWrong]) => isWrong(entry, standing))?.[0];
    remember(entry, index, kind);
    return kind;
  };

  const remember = (entry: Entry, index: number, kind: FaultKind | undefined): void => {
    before = entry;
    sequence = entry.seq + 1;
    content = content?.subarray(entry.content.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0));
    if (isCommit(entry)) {
      committed = lines;
      commits += 1;
    }
    if (entry.type === "log.retired") retiredAt ??= index;
    if (kind === "wrong-certificate" || !entry.type.startsWith("key.")) return;
    const { key, by } = keyFields(entry);
    if (entry.type === "key.revoked") revoked.add(key);
    else if (entry.type === "key.rotated") writerKeys.push({ key, from: index + 1 });
    else if (index === 0) {
      workspaceKey = by;
      writerKeys.push({ key, from: 0 });
    }
  };

  return {
    readSegment(segment) {
      content = segment.content;
      const faults: Fault[] = [];
      for (const line of segment.lines) {
        const index = lines;
        const kind = readLine(line);
        if (kind !== undefined) faults.push({ kind, index });
        faulty ||= kind !== undefined;
      }
      return faults;
    },
    get lines() {
      return lines;
    },
    get committed() {
      return committed;
    },
    get commits() {
      return commits;
    },
    get contentLeft() {
      return content?.length ?? 0;
    },
    get log() {
      return log;
    },
    get workspaceKey() {
      return workspaceKey;
    },
    rootAt,
    writerKeysBefore: (size) => writerKeys.filter(({ from }) => from < size).map(({ key }) => key),
  };
};
