import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { JsonObject } from "../second-verifier/canonical-json.ts";
import { canonicalJson } from "../second-verifier/canonical-json.ts";
import { noteKeyId, writerId } from "../second-verifier/keys.ts";
import { hashOf, signedText } from "../second-verifier/rows.ts";
import { leafHash, sha256, treeRoot } from "../second-verifier/tree.ts";

/**
 * A writer of logs as small as the page allows, for cases that nobody's real writer would write. Whatever is
 * asked for is put into a line before it is signed, hashed and chained, so that a line is wrong in that alone.
 */

export interface Key {
  readonly publicKey: string;
  readonly sign: (message: string) => Buffer;
}

const PKCS8_OF_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key pair of a seed that is a text. */
export const keyOf = (seed: string): Key => {
  const der = Buffer.concat([PKCS8_OF_ED25519, sha256(seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x ?? "", "base64url").toString("hex"),
    sign: (message) => sign(null, Buffer.from(message), key),
  };
};

export const LOG = "01900000-0000-7000-8000-00000000000a";
export const OTHER_LOG = "01900000-0000-7000-8000-00000000000b";
export const workspace = keyOf("workspace");
export const writer = keyOf("writer");
export const stranger = keyOf("stranger");

export interface StrangeLog {
  readonly files: Map<string, Uint8Array>;
  /** Adds a line with these members; the others are what the page would have at this place. */
  readonly add: (members: JsonObject, signer?: Key) => void;
  /** Adds a line as it stands. */
  readonly addRaw: (line: string | Uint8Array) => void;
  /** Adds a commit record, with these public fields in place of the right ones. */
  readonly commit: (fields?: JsonObject, signer?: Key) => void;
  /** What a commit record would state of the lines so far. */
  readonly stated: () => JsonObject;
  readonly root: () => Buffer;
  readonly rotate: (next: Key, fields?: JsonObject, signer?: Key) => void;
  readonly revoke: (key: Key) => void;
  /** Goes on in the next segment. */
  readonly cut: (content?: Uint8Array) => void;
  /** Appends sealed bytes of a part to the segment and says how a line refers to them. */
  readonly seal: (name: string, bytes: Uint8Array) => JsonObject;
  readonly anchor: (members?: { size?: number; root?: Buffer; signer?: Key }) => Buffer;
}

/** The root of the lines so far, in hexadecimal. */
export const rootOf = (log: StrangeLog): string => log.root().toString("hex");

/** A log without a line. */
export const emptyLog = (id = LOG): StrangeLog => {
  const files = new Map<string, Uint8Array>();
  const leaves: Buffer[] = [];
  let segment = 1;
  let prev = "0".repeat(64);
  let current = writer;

  const append = (kind: string, bytes: Uint8Array): void => {
    const name = `${String(segment).padStart(6, "0")}.${kind}`;
    files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), bytes]));
  };
  const log: StrangeLog = {
    files,
    add(members, signer) {
      const unsigned: JsonObject = {
        v: 1,
        id: `01900000-0000-7000-8000-${String(leaves.length).padStart(12, "0")}`,
        log: id,
        writer: writerId(current.publicKey),
        seq: leaves.length,
        time: { wallMs: 1_700_000_000_000, monotonicMs: leaves.length },
        type: "thing.happened",
        run: null,
        cause: null,
        principal: "Host::here",
        onBehalfOf: null,
        labels: [],
        input: null,
        public: {},
        content: [],
        prev,
        signature: null,
        hash: "",
        ...members,
      };
      const signature = signer?.sign(signedText(unsigned)).toString("base64");
      const signed = signature === undefined ? unsigned : { ...unsigned, signature };
      const hash = hashOf(signed);
      log.addRaw(canonicalJson({ ...signed, hash: members["hash"] ?? hash }));
      prev = hash;
    },
    addRaw(line) {
      append("jsonl", Buffer.concat([Buffer.from(line), Buffer.from("\n")]));
      leaves.push(leafHash(Buffer.from(line)));
    },
    commit(fields = {}, signer = current) {
      log.add({ type: "log.committed", public: { ...log.stated(), ...fields } }, signer);
    },
    stated: () => ({ size: leaves.length, root: rootOf(log), seen: [] }),
    root: () => treeRoot(leaves),
    rotate(next, fields = {}, signer = workspace) {
      const [previous, key, by] = [current.publicKey, next.publicKey, workspace.publicKey];
      log.add({ type: "key.rotated", public: { role: "writer", previous, key, by, ...fields } }, signer);
      current = next;
    },
    revoke(key) {
      const fields = { key: key.publicKey, by: workspace.publicKey, reason: "lost" };
      log.add({ type: "key.revoked", public: fields }, workspace);
    },
    cut(content) {
      segment += 1;
      append("jsonl", Buffer.alloc(0));
      if (content !== undefined) append("content", content);
    },
    seal(name, bytes) {
      append("content", bytes);
      const [commitment, sealed] = ["ab".repeat(32), sha256(bytes).toString("hex")];
      return { scope: OTHER_LOG, name, commitment, sealed, sealedBytes: bytes.length };
    },
    anchor({ size = leaves.length, root = log.root(), signer = current } = {}) {
      const name = `writ-ledger/${id}`;
      const text = `${name}\n${size}\n${root.toString("base64")}\n`;
      const signature = Buffer.concat([noteKeyId(name, signer.publicKey), signer.sign(text)]);
      return Buffer.from(`${text}\n— ${name} ${signature.toString("base64")}\n`);
    },
  };
  return log;
};

export const CERTIFIED: JsonObject = {
  type: "key.certified",
  public: { role: "writer", key: writer.publicKey, by: workspace.publicKey },
};
export const OPENED: JsonObject = { type: "log.opened", public: { software: "none", workspace: "here" } };

/** A log as it begins: a certificate, an opening and their commit record. */
export const begunLog = (id = LOG): StrangeLog => {
  const log = emptyLog(id);
  log.add(CERTIFIED, workspace);
  log.add(OPENED);
  log.commit();
  return log;
};
