import { readJson } from "#kernel/json.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { LEDGER_DEPTH_MAX, LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";
import { readEntry } from "#protocol/ledger-line.ts";

/** The entry that the text of a line is, or why it is none. Whether it is what was written only verification says. */
export const parseLine = (text: string): LedgerEntry | string => {
  const json = readJson(text, LINE_LIMITS);
  if (!json.ok) return "the line is not JSON, or longer or deeper than a line may be";
  const reading = readEntry(json.value);
  return reading.ok ? reading.entry : reading.detail;
};

const LINE_LIMITS = {
  charactersMax: LEDGER_LINE_BYTES_MAX,
  depthMax: LEDGER_DEPTH_MAX,
  valuesMax: LEDGER_LINE_BYTES_MAX,
};
