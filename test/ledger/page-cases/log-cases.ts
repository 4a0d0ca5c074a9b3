import type { PageCase } from "./page-case.ts";
import { fault, LIVE, logCase } from "./page-case.ts";
import type { StrangeLog } from "./strange-log.ts";
import { begunLog, CERTIFIED, emptyLog, keyOf, OPENED, stranger, workspace, writer } from "./strange-log.ts";
import { sha256 } from "../second-verifier/tree.ts";

/** Whole logs that the page calls right or wrong: their keys, ends, segments and sealed parts. */

const next = keyOf("next writer");
const sealed = Buffer.alloc(20, 7);
const rest = (log: StrangeLog, file: string, text: string | Uint8Array): void => {
  log.files.set(file, Buffer.concat([log.files.get(file) ?? Buffer.alloc(0), Buffer.from(text)]));
};
const retire = (log: StrangeLog): void => log.add({ type: "log.retired", public: { reason: "" } });

export const keyCases: readonly PageCase[] = [
  logCase("a certificate, an opening and a commit", null, () => {}),
  logCase("another key pinned", fault("foreign", 0), () => ({ workspaceKey: stranger.publicKey })),
  logCase(
    "another key pinned and another writer named",
    fault("foreign", 0),
    (log) => {
      log.add({ ...CERTIFIED, writer: "0123456789abcdef" }, workspace);
      log.commit();
      return { workspaceKey: stranger.publicKey };
    },
    emptyLog,
  ),
  logCase(
    "a certificate by a key of which it says nothing",
    fault("wrong-certificate", 0),
    (log) => {
      log.add(CERTIFIED, stranger);
      log.commit();
    },
    emptyLog,
  ),
  logCase(
    "another writer named by the certificate's line",
    fault("wrong-writer", 0),
    (log) => {
      log.add({ ...CERTIFIED, writer: "0123456789abcdef" }, workspace);
      log.commit();
    },
    emptyLog,
  ),
  logCase(
    "an opening before the certificate",
    fault("wrong-certificate", 0),
    (log) => {
      log.add(OPENED);
      log.commit();
    },
    emptyLog,
  ),
  logCase("a second certificate", fault("wrong-certificate", 3), (log) => {
    log.add(CERTIFIED, workspace);
    log.commit();
  }),
  logCase("another writer key", null, (log) => {
    log.rotate(next);
    log.commit();
  }),
  logCase("the old key writes on", fault("wrong-signature", 4), (log) => {
    log.rotate(next);
    log.commit({}, writer);
  }),
  logCase("a rotation there and back", null, (log) => {
    log.rotate(next);
    log.rotate(writer);
    log.commit();
  }),
  logCase("a rotation to the same key", fault("wrong-certificate", 3), (log) => {
    log.rotate(writer);
    log.commit();
  }),
  logCase("a rotation back to a revoked key", fault("wrong-certificate", 5), (log) => {
    log.rotate(next);
    log.revoke(writer);
    log.rotate(writer);
    log.commit();
  }),
  logCase("a key revoked before it was ever used", fault("wrong-certificate", 4), (log) => {
    log.revoke(next);
    log.rotate(next);
    log.commit();
  }),
  logCase("a rotation by another workspace", fault("wrong-certificate", 3), (log) => {
    log.rotate(next, { by: stranger.publicKey }, stranger);
    log.commit();
  }),
  logCase("a rotation from another key", fault("wrong-certificate", 3), (log) => {
    log.rotate(next, { previous: stranger.publicKey });
    log.commit();
  }),
  logCase("a rotation signed by the writer", fault("wrong-certificate", 3), (log) => {
    log.rotate(next, {}, writer);
    log.commit();
  }),
  logCase("the writer's key revoked", fault("wrong-certificate", 3), (log) => {
    log.revoke(writer);
    log.commit();
  }),
  logCase("the same key revoked twice", null, (log) => {
    log.revoke(stranger);
    log.revoke(stranger);
    log.commit();
  }),
  logCase("a commit by a stranger", fault("wrong-signature", 3), (log) => log.commit({}, stranger)),
  logCase("a clock that starts anew with a key", fault("time-went-back", 3), (log) => {
    const fields = { key: next.publicKey, by: workspace.publicKey, reason: "" };
    log.add({ type: "key.revoked", public: fields, time: { wallMs: 0, monotonicMs: 0 } }, workspace);
    log.commit();
  }),
  logCase("clocks that start anew with a writer", null, (log) => {
    const time = { wallMs: 0, monotonicMs: 0 };
    log.add({ ...OPENED, time });
    log.add({ type: "log.recovered", public: { software: "", workspace: "", aside: [] }, time });
    log.commit();
  }),
];

/** A line of so many bytes, and its commit record. */
const addLine = (log: StrangeLog, bytes: number): void => {
  const least = begunLog();
  const before = least.files.get("000001.jsonl")?.length ?? 0;
  least.add({ public: { a: "" } });
  const leastBytes = (least.files.get("000001.jsonl")?.length ?? 0) - before - 1;
  log.add({ public: { a: "x".repeat(bytes - leastBytes) } });
  log.commit();
};

export const endCases: readonly PageCase[] = [
  logCase("no line", fault("truncated", 0), () => {}, emptyLog),
  logCase("no line yet", null, () => LIVE, emptyLog),
  logCase("no whole line", fault("torn", 0), (log) => rest(log, "000001.jsonl", "{"), emptyLog),
  logCase("no commit at all", fault("uncommitted", 0), (log) => log.add(CERTIFIED, workspace), emptyLog),
  logCase("lines behind the last commit", fault("uncommitted", 3), (log) => log.add({})),
  logCase("lines behind the last commit, live", null, (log) => (log.add({}), LIVE)),
  logCase("a torn line", fault("torn", 3), (log) => rest(log, "000001.jsonl", "{")),
  logCase("a torn line, live", null, (log) => (rest(log, "000001.jsonl", "{"), LIVE)),
  logCase("a torn line behind an uncommitted one", fault("torn", 4), (log) => {
    log.add({});
    rest(log, "000001.jsonl", "{");
  }),
  logCase("an empty line", fault("malformed", 3), (log) => log.addRaw("")),
  logCase("sealed bytes of no line", fault("torn", 3), (log) => rest(log, "000001.content", sealed)),
  logCase("sealed bytes of no line, live", null, (log) => (rest(log, "000001.content", sealed), LIVE)),
  logCase("a retired log", null, (log) => (retire(log), log.commit())),
  logCase("a retired log without its last commit", fault("uncommitted", 3), retire),
  logCase("a line between retirement and commit", fault("wrong-sequence", 4), (log) => {
    retire(log);
    log.add({});
    log.commit();
  }),
  logCase("a commit too many behind retirement", fault("wrong-sequence", 5), (log) => {
    retire(log);
    log.commit();
    log.commit();
  }),
  logCase("the longest line", null, (log) => addLine(log, 1_048_576)),
  logCase("a longer line", fault("malformed", 3), (log) => addLine(log, 1_048_577)),
];

export const segmentCases: readonly PageCase[] = [
  logCase("two segments", null, (log) => (log.cut(), log.commit())),
  logCase("a last segment without lines", null, (log) => log.cut()),
  logCase("a last segment of sealed bytes", fault("torn", 3), (log) => log.cut(sealed)),
  logCase("a last segment of sealed bytes, live", null, (log) => (log.cut(sealed), LIVE)),
  logCase("two last segments without lines", fault("malformed", 3), (log) => (log.cut(), log.cut())),
  logCase(
    "a segment of sealed bytes in between",
    fault("torn", 3),
    (log) => (log.cut(sealed), log.cut(), LIVE),
  ),
  logCase("a segment torn in between", fault("torn", 3), (log) => {
    rest(log, "000001.jsonl", "{");
    log.cut();
    log.commit();
    return LIVE;
  }),
  logCase("a gap between segments", fault("malformed", 3), (log) => {
    log.cut();
    log.cut();
    log.commit();
    log.files.delete("000002.jsonl");
  }),
  logCase("a gap before all segments, and torn", fault("malformed", 0), (log) => {
    log.cut();
    log.add({ v: 2 });
    log.files.delete("000001.jsonl");
  }),
  logCase("files that are no part of a log", null, (log) => {
    for (const name of ["000000.jsonl", "000003.json", "0000002.jsonl", "000001.jsonl.3-1.aside", "lock"]) {
      log.files.set(name, sealed);
    }
  }),
  logCase("sealed parts over two segments", null, (log) => {
    log.add({ content: [log.seal("a", sealed), log.seal("b", Buffer.alloc(16))] });
    log.add({ content: [log.seal("a", Buffer.alloc(30, 1))] });
    log.cut();
    log.add({ content: [log.seal("a", sealed)] });
    log.commit();
  }),
  logCase("a part that is one byte short", fault("wrong-content", 3), (log) => {
    log.add({ content: [log.seal("a", sealed)] });
    log.files.set("000001.content", sealed.subarray(1));
    return LIVE;
  }),
  logCase("a part behind one with another digest", fault("wrong-content", 3), (log) => {
    log.add({ content: [{ ...log.seal("a", sealed), sealed: "00".repeat(32) }] });
    log.add({ content: [log.seal("a", sealed)] });
    log.commit();
  }),
  logCase("a part in the segment before", fault("torn", 3), (log) => {
    const content = [log.seal("a", sealed)];
    log.cut();
    log.add({ content });
    log.commit();
  }),
  logCase("an aside that is there", null, (log) => recover(log, true)),
  logCase("an aside that is gone", fault("wrong-content", 3), (log) => recover(log, false)),
];

const recover = (log: StrangeLog, kept: boolean): void => {
  const file = "000001.jsonl.3-1.aside";
  const aside = [{ file, bytes: sealed.length, digest: sha256(sealed).toString("hex") }];
  log.add({ type: "log.recovered", public: { software: "", workspace: "", aside } });
  log.commit();
  if (kept) log.files.set(file, sealed);
};
