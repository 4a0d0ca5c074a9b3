import type { PageCase } from "./page-case.ts";
import { fault, LIVE, logCase } from "./page-case.ts";
import type { StrangeLog } from "./strange-log.ts";
import { emptyLog, keyOf, LOG, OTHER_LOG, rootOf, stranger, workspace, writer } from "./strange-log.ts";

/** A log that is right, and what is said of it elsewhere: anchors, and records in other logs. */

const next = keyOf("next writer");
const root = (byte: number): Buffer => Buffer.alloc(32, byte);
const growWith = (log: StrangeLog): void => {
  log.add({});
  log.commit();
};

export const anchorCases: readonly PageCase[] = [
  logCase("an anchor at the end", null, (log) => ({ anchor: log.anchor() })),
  logCase("an anchor that lags behind", null, (log) => {
    const anchor = log.anchor();
    growWith(log);
    return { anchor };
  }),
  logCase("an anchor ahead", fault("truncated", 3), (log) => ({ anchor: log.anchor({ size: 4 }) })),
  logCase("an anchor ahead, live", fault("truncated", 3), (log) => ({
    anchor: log.anchor({ size: 4 }),
    ...LIVE,
  })),
  logCase("an anchor ahead, by a stranger", fault("truncated", 3), (log) => ({
    anchor: log.anchor({ size: 4, signer: stranger }),
  })),
  logCase(
    "an anchor of nothing, live",
    fault("truncated", 0),
    (log) => ({ anchor: log.anchor({ size: 1 }), ...LIVE }),
    emptyLog,
  ),
  logCase("an anchor with another root", fault("wrong-root", 1), (log) => ({
    anchor: log.anchor({ size: 2, root: root(1), signer: stranger }),
  })),
  logCase("an anchor by a stranger", fault("wrong-signature", 2), (log) => ({
    anchor: log.anchor({ signer: stranger }),
  })),
  logCase("an anchor by the workspace", fault("wrong-signature", 2), (log) => ({
    anchor: log.anchor({ signer: workspace }),
  })),
  logCase("an anchor by the key before", null, (log) => {
    log.rotate(next);
    log.commit();
    return { anchor: log.anchor({ signer: writer }) };
  }),
  logCase("an anchor by a key that comes behind it", fault("wrong-signature", 3), (log) => {
    log.rotate(next);
    const anchor = log.anchor();
    log.commit();
    return { anchor };
  }),
  logCase("an anchor by a key's first line", null, (log) => {
    log.rotate(next);
    log.commit();
    return { anchor: log.anchor() };
  }),
  logCase("no note at all", fault("wrong-signature", 0), () => ({ anchor: Buffer.alloc(0) })),
  logCase("a note without lines", fault("wrong-signature", 0), (log) => ({
    anchor: log.anchor({ size: 0 }),
  })),
  logCase("a note on another log", fault("wrong-signature", 0), (log) => ({
    anchor: Buffer.from(log.anchor().toString().replaceAll(LOG, OTHER_LOG)),
  })),
  logCase("a note with too many bytes", fault("wrong-signature", 0), (log) => ({
    anchor: witnessed(log, 65_537),
  })),
  logCase("a note with as many bytes as may be", null, (log) => ({ anchor: witnessed(log, 65_536) })),
  logCase("uncommitted lines, and an anchor with another root", fault("uncommitted", 3), (log) => {
    log.add({});
    return { anchor: log.anchor({ size: 1, root: root(1) }) };
  }),
  logCase("what others saw", null, (log) => ({ seen: [{ size: 3, root: rootOf(log) }] })),
  logCase("what others saw is longer", fault("truncated", 3), (log) => ({
    seen: [{ size: 4, root: rootOf(log) }],
  })),
  logCase("what others saw is otherwise", fault("wrong-root", 1), () => ({
    seen: [{ size: 2, root: root(1).toString("hex") }],
  })),
  logCase(
    "what others saw is otherwise and smaller than the anchor, which is wrong",
    fault("wrong-root", 2),
    (log) => ({
      seen: [{ size: 2, root: root(1).toString("hex") }],
      anchor: log.anchor({ root: root(1) }),
    }),
  ),
  logCase(
    "what others saw first is otherwise, and what they saw later is right",
    fault("wrong-root", 1),
    (log) => ({
      seen: [
        { size: 2, root: root(1).toString("hex") },
        { size: 3, root: rootOf(log) },
      ],
    }),
  ),
  logCase("what others saw contradicts itself", fault("wrong-root", 2), (log) => ({
    seen: [
      { size: 3, root: rootOf(log) },
      { size: 3, root: root(1).toString("hex") },
    ],
  })),
  logCase(
    "several things that others saw are otherwise: the smallest counts",
    fault("wrong-root", 0),
    (log) => ({
      seen: [
        { size: 9, root: rootOf(log) },
        { size: 1, root: root(1).toString("hex") },
        { size: 2, root: root(2).toString("hex") },
      ],
    }),
  ),
];

/** An anchor that a witness signed as well, with a name as long as it takes. */
const witnessed = (log: StrangeLog, bytes: number): Buffer => {
  const anchor = log.anchor();
  const line = (name: string): Buffer => Buffer.from(`— ${name} ${root(2).toString("base64")}\n`);
  return Buffer.concat([anchor, line("w".repeat(bytes - anchor.length - line("").length))]);
};
