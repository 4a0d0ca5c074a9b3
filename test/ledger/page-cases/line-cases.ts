import type { LogToVerify } from "../second-verifier.ts";
import type { PageCase } from "./page-case.ts";
import type { JsonObject, JsonValue } from "../second-verifier/canonical-json.ts";
import type { FaultKind } from "../second-verifier/rows.ts";
import type { Key } from "./strange-log.ts";
import { begunLog, LOG, OTHER_LOG, stranger, workspace, writer } from "./strange-log.ts";

/** One line at a time that the page calls right or wrong: line 3 of a log that is right otherwise. */

const HEX = "0f".repeat(32);
const ID = "01900000-0000-7000-8000-000000000001";

const withLine = (members: JsonObject, signer?: Key) => (): LogToVerify => {
  const log = begunLog();
  log.add(members, signer);
  log.commit();
  return { files: log.files, log: LOG, workspaceKey: workspace.publicKey };
};

const withCommit = (fields: JsonObject) => (): LogToVerify => {
  const log = begunLog();
  log.commit(fields);
  return { files: log.files, log: LOG, workspaceKey: workspace.publicKey };
};

const right = (name: string, log: PageCase["log"]): PageCase => ({
  name: `right: ${name}`,
  log,
  expected: null,
});

const wrong = (kind: FaultKind, name: string, log: PageCase["log"], index = 3): PageCase => ({
  name: `${kind}: ${name}`,
  log,
  expected: { kind, index },
});

const malformed = (name: string, members: JsonObject, signer?: Key): PageCase =>
  wrong("malformed", name, withLine(members, signer));

/** A value of so many levels. */
const nested = (levels: number): JsonValue => (levels === 0 ? 0 : [nested(levels - 1)]);
const time = (wallMs: JsonValue, monotonicMs: JsonValue = 3): JsonObject => ({
  time: { wallMs, monotonicMs },
});
const run = (members: JsonObject): JsonObject => ({ run: { id: ID, seq: 0, parent: null, ...members } });
const behalf = (kind: JsonValue, id: JsonValue = "x"): JsonObject => ({ onBehalfOf: { kind, id } });
const part = (members: JsonObject): JsonObject => ({
  scope: ID,
  name: "a",
  commitment: HEX,
  sealed: HEX,
  sealedBytes: 16,
  ...members,
});
const seen = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => ({
    ...sight,
    log: `01900000-0000-7000-8000-00000000a${100 + index}`,
  }));
const sight = { log: OTHER_LOG, size: 1, root: HEX };
const opening = (members: JsonObject): JsonObject => ({ type: "log.opened", ...members });
const recovery = (aside: JsonValue): JsonObject => ({
  type: "log.recovered",
  public: { software: "", workspace: "", aside },
});
const revocation = (members: JsonObject): JsonObject => ({
  type: "key.revoked",
  public: { key: HEX, by: workspace.publicKey, reason: "", ...members },
});
const started = { software: "", workspace: "" };

export const formCases: readonly PageCase[] = [
  right("the longest type", withLine({ type: `a.${"b".repeat(62)}` })),
  malformed("a longer type", { type: `a.${"b".repeat(63)}` }),
  malformed("a type with a digit", { type: "thing.happened2" }),
  malformed("a type in two halves", { type: "thing.happened-" }),
  right("a type that only looks structural", withLine({ type: "logs.opened" })),
  malformed("a structural type that is not in the table", { type: "log.closed", public: {} }),
  malformed("an unknown type of key, signed", { type: "key.lost", public: {} }, workspace),
  right("the greatest wall clock", withLine(time(2 ** 48 - 1))),
  malformed("a greater wall clock", time(2 ** 48)),
  malformed("a wall clock with a fraction", time(0.5)),
  right("the greatest monotonic clock", withLine({ ...opening({ public: started }), ...time(0, 3) })),
  malformed("a monotonic clock beyond exact integers", time(0, 2 ** 53)),
  malformed("a third clock", { time: { wallMs: 0, monotonicMs: 3, other: 0 } }),
  right("a run with a parent", withLine(run({ parent: ID }))),
  malformed("a run without a word on its parent", { run: { id: ID, seq: 0 } }),
  malformed("a run with more to it", run({ name: "x" })),
  malformed("a run that is no UUIDv7", run({ id: "01900000-0000-4000-8000-000000000001" })),
  malformed("an id of another variant", { id: "01900000-0000-7000-c000-000000000001" }),
  malformed("a cause that is a word", { cause: "x" }),
  right("a principal of one odd character", withLine({ principal: "\n" })),
  malformed("no principal", { principal: "" }),
  right("the longest kind of on behalf", withLine(behalf("a".repeat(64)))),
  malformed("a longer kind of on behalf", behalf("a".repeat(65))),
  malformed("on behalf of nobody", behalf("user", "")),
  right("labels by code units, not code points", withLine({ labels: ["\u{1f600}", "\ufb33"] })),
  malformed("labels by code points, not code units", { labels: ["\ufb33", "\u{1f600}"] }),
  malformed("a label twice", { labels: ["a", "a"] }),
  malformed("an empty label", { labels: [""] }),
  right("the greatest input", withLine({ input: Number.MAX_SAFE_INTEGER })),
  malformed("a greater input", { input: 2 ** 53 }),
  malformed("public fields in a list", { public: [] }),
  right("as deep as may be", withLine({ public: { a: nested(62) } })),
  malformed("one level deeper", { public: { a: nested(63) } }),
  malformed("two parts of a name", { content: [part({}), part({ sealed: "00".repeat(32) })] }),
  malformed("a part of less than a tag", { content: [part({ sealedBytes: 15 })] }),
  malformed("a part that is too large", { content: [part({ sealedBytes: 16_777_233 })] }),
  malformed("a part with a capital name", { content: [part({ name: "A" })] }),
  malformed("a part with more to it", { content: [part({ size: 1 })] }),
  malformed("too many parts", {
    content: Array.from({ length: 65 }, (_, index) => part({ name: `a${index}` })),
  }),
  malformed("version 2", { v: 2 }),
  malformed("version 1 as a text", { v: "1" }),
  malformed("a member of version 2", { w: null }),
  malformed("a signature where none belongs", {}, writer),
  malformed("no signature where one belongs", revocation({})),
  malformed("a signature with loose bits", { ...revocation({}), signature: `${"A".repeat(85)}B==` }),
  malformed("a signature without padding", { ...revocation({}), signature: "A".repeat(86) }),
  malformed("a structural entry with a label", opening({ public: started, labels: ["a"] })),
  malformed("a structural entry with an input", opening({ public: started, input: 0 })),
  malformed("a structural entry with a cause", opening({ public: started, cause: ID })),
  malformed("a structural entry with content", opening({ public: started, content: [part({})] })),
  malformed("a structural entry on behalf", { ...opening({ public: started }), ...behalf("user") }),
  malformed("an opening by no software", opening({ public: { workspace: "" } })),
  right("an opening with more to it", withLine(opening({ public: { ...started, aside: 0 } }))),
  malformed("a recovery without a list", recovery(null)),
  right("a recovery of nothing", withLine(recovery([]))),
  malformed("a retirement without a reason", { type: "log.retired", public: {} }),
  malformed("a revocation without a reason", revocation({ reason: null }), workspace),
  malformed(
    "a certificate of another role",
    { type: "key.certified", public: { role: "agent", key: HEX, by: HEX } },
    workspace,
  ),
  right("a revocation of a key that nobody knows", withLine(revocation({}), workspace)),
  right("an erasure that names no scope", withLine({ type: "content.erased" })),
  right("a batch that names nothing", withLine({ type: "batch.recorded" })),
  right("as many other logs as may be", withCommit({ seen: seen(64) })),
  wrong("malformed", "more other logs", withCommit({ seen: seen(65) })),
  wrong("malformed", "other logs out of order", withCommit({ seen: seen(2).toReversed() })),
  wrong("malformed", "another log twice", withCommit({ seen: [sight, { ...sight, size: 2 }] })),
  wrong("malformed", "another log without lines", withCommit({ seen: [{ ...sight, size: 0 }] })),
  wrong("malformed", "another log with more to it", withCommit({ seen: [{ ...sight, key: HEX }] })),
  wrong("malformed", "itself among the others", withCommit({ seen: [{ ...sight, log: LOG }] })),
  wrong("malformed", "a size with a fraction", withCommit({ size: 2.5 })),
];

/** For each row of the table from the fourth on, members that break it and, as line 3, no row before it. */
const breaches: readonly { readonly kind: FaultKind; readonly members: JsonObject; readonly signer?: Key }[] =
  [
    { kind: "wrong-hash", members: { hash: HEX } },
    { kind: "wrong-log", members: { log: OTHER_LOG } },
    { kind: "wrong-sequence", members: { seq: 4 } },
    { kind: "wrong-previous", members: { prev: HEX } },
    { kind: "wrong-certificate", members: revocation({ key: writer.publicKey }), signer: workspace },
    { kind: "wrong-writer", members: { writer: "0123456789abcdef" } },
    { kind: "time-went-back", members: { time: { wallMs: 0, monotonicMs: 1 } } },
    {
      kind: "wrong-root",
      members: { type: "log.committed", public: { size: 3, root: HEX, seen: [] } },
      signer: writer,
    },
  ];

/** Two rows broken by one line: the first one of the table is what is reported. */
export const orderCases: readonly PageCase[] = breaches.flatMap((first, index) => [
  wrong(first.kind, "alone", withLine(first.members, first.signer)),
  ...breaches.slice(index + 1).map((second) => {
    const members = { ...second.members, ...first.members };
    return wrong(first.kind, `and ${second.kind}`, withLine(members, first.signer ?? second.signer));
  }),
  ...(first.signer === undefined
    ? [
        wrong(
          first.kind,
          "and wrong-signature",
          withLine({ ...unsignedCommit(), ...first.members }, stranger),
        ),
      ]
    : []),
]);

function unsignedCommit(): JsonObject {
  return { type: "log.committed", public: begunLog().stated() };
}
