import type { LogId } from "#kernel/ids.ts";
import type { VerificationFault } from "#protocol/ledger-entry.ts";
import type { Forged, LogFiles, PlacedText } from "../forge.ts";
import { changed, linesOf, parse, sealed, withLines } from "../forge.ts";
import type { SampleLog } from "../sample-logs.ts";

/** A log that must not verify, with the first fault that has to be reported. */
export interface TamperedLog {
  readonly name: string;
  readonly about: string;
  readonly log: LogId;
  readonly files: LogFiles;
  readonly anchor: Uint8Array | null;
  readonly publicKey: string;
  readonly fault: { readonly kind: VerificationFault; readonly index: number };
}

export type Change = Partial<Pick<TamperedLog, "files" | "anchor" | "log" | "publicKey">>;

/** Takes a log made from a sample by a change into the table. */
export type Add = (
  name: string,
  about: string,
  from: SampleLog,
  fault: readonly [VerificationFault, number],
  change: Change,
) => void;

/** What the tampered logs are made from. */
export interface Originals {
  readonly plain: SampleLog;
  readonly content: SampleLog;
  readonly rotated: SampleLog;
  readonly segments: SampleLog;
  readonly recovered: SampleLog;
  readonly retired: SampleLog;
  readonly odd: SampleLog;
  readonly live: SampleLog;
  /** Keys of `plain`, which its owner has. */
  readonly workspace: Uint8Array;
  readonly writer: Uint8Array;
  readonly rotatedWorkspace: Uint8Array;
  /** Keys that anybody can make. */
  readonly foreign: { readonly workspace: Uint8Array; readonly writer: Uint8Array };
}

export const LINES = "000001.jsonl";
export const CONTENT = "000001.content";

export const ABSENT: PlacedText = { file: LINES, text: "{}" };

export const idOf = (entry: Forged): string => entry["id"] as string;

/** A log with other lines and without its anchor, so that only the lines can tell. */
export const lines = (from: SampleLog, change: (lines: PlacedText[]) => readonly PlacedText[]): Change => ({
  files: withLines(from.files, change(linesOf(from.files))),
  anchor: null,
});

/** The same with one line changed. */
export const one = (from: SampleLog, index: number, change: (line: PlacedText) => PlacedText): Change =>
  lines(from, (all) => all.map((line, at) => (at === index ? change(line) : line)));

/** Changes a line's text, its hash left as it is. */
export const text =
  (change: (text: string) => string) =>
  (line: PlacedText): PlacedText => ({ ...line, text: change(line.text) });

/** Changes what a line says and makes its hash right. */
export const entry =
  (change: (entry: Forged) => void) =>
  (line: PlacedText): PlacedText =>
    changed(line, change);

/** Puts another entry in a line's place, with the right hash. */
export const certificate =
  (change: (it: Forged) => Forged) =>
  (line: PlacedText): PlacedText => ({ ...line, text: sealed(change(parse(line.text))) });

/** A log with one file changed, without its anchor. */
export const bytes = (from: SampleLog, file: string, change: (bytes: Uint8Array) => Uint8Array): Change => ({
  files: new Map([...from.files, [file, change(new Uint8Array(from.files.get(file) ?? []))]]),
  anchor: null,
});

/** A log with one file missing, without its anchor. */
export const without = (from: SampleLog, file: string): Change => ({
  files: new Map([...from.files].filter(([name]) => name !== file)),
  anchor: null,
});

export const flip =
  (at: number) =>
  (original: Uint8Array): Uint8Array =>
    original.map((byte, index) => (index === at ? byte ^ 1 : byte));
