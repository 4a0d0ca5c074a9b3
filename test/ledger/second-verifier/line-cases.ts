import type { LogToVerify } from "../second-verifier.ts";
import type { JsonObject, JsonValue } from "./canonical-json.ts";
import type { Fault, FaultKind } from "./rows.ts";
import type { Key } from "./strange-log.ts";
import {
  begunLog,
  CERTIFIED,
  emptyLog,
  keyOf,
  LOG,
  OPENED,
  OTHER_LOG,
  stranger,
  workspace,
} from "./strange-log.ts";

/** One line at a time that the page calls right or wrong, as line 3 of a log that is right otherwise. */

export interface PageCase {
  readonly name: string;
  readonly log: LogToVerify;
  /** The first fault. */
  readonly expected: Fault | null;
}

const asLine3 = (members: JsonObject, signer?: Key): LogToVerify => {
  const log = begunLog();
  log.add(members, signer);
  if (members["type"] !== "log.committed") log.commit();
  return { files: log.files, log: LOG, workspaceKey: workspace.publicKey };
};

const right = (name: string, members: JsonObject, signer?: Key): PageCase => ({
  name: `right: ${name}`,
  log: asLine3(members, signer),
  expected: null,
});

const malformed = (name: string, members: JsonObject, signer?: Key): PageCase => ({
  name: `malformed: ${name}`,
  log: asLine3(members, signer),
  expected: { kind: "malformed", index: 3 },
});

const nested = (levels: number): JsonValue => (levels === 0 ? 0 : [nested(levels - 1)]);
const hex = "0f".repeat(32);
const id = "01900000-0000-7000-8000-000000000001";
const reference = { scope: id, name: "a", commitment: hex, sealed: hex, sealedBytes: 16 };
const time = { wallMs: 0, monotonicMs: 3 };
const run = { id, seq: 0, parent: null };
const revocation = { key: hex, by: workspace.publicKey, reason: "" };
const opening = { software: "", workspace: "" };

/** Ids of logs, ascending. */
const logs = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `01900000-0000-7000-8000-00000000a${String(100 + index)}`);
const seen = (log: string, size = 1): JsonObject => ({ log, size, root: hex });
const commitSeeing = (...list: readonly JsonObject[]): PageCase["log"] => {
  const log = begunLog();
  log.add({});
  const { root } = rootOf(log.files);
  log.commit({ public: { size: 4, root, seen: list } });
  return { files: log.files, log: LOG, workspaceKey: workspace.publicKey };
};
