import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import * as z from "zod/mini";

import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import { proofBytes, proofMessage } from "#protocol/host-proof.ts";
import type { ProofInput } from "#protocol/host-proof.ts";
import { METHODS, RPC_ERRORS } from "#protocol/host-rpc.ts";
import type { MethodName } from "#protocol/host-rpc.ts";

interface Vector {
  readonly why?: string;
  readonly method: MethodName;
  readonly side: "params" | "result";
  readonly value: unknown;
}

interface Vectors {
  readonly accepted: readonly Vector[];
  readonly refused: readonly Vector[];
}

const files = ["messages", "reverse-calls"].map(
  (name) => JSON.parse(readFileSync(`test/vectors/host-rpc/${name}.json`, "utf8")) as Vectors,
);
const vectors: Vectors = {
  accepted: files.flatMap(({ accepted }) => accepted),
  refused: files.flatMap(({ refused }) => refused),
};
const page = readFileSync("docs/formats/host-rpc.md", "utf8");

const accepts = (vector: Vector): boolean =>
  z.safeParse(METHODS[vector.method][vector.side], vector.value).success;

describe("host protocol messages", () => {
  test.each(vectors.accepted)("accepts $method $side", (vector) => {
    expect(accepts(vector)).toBe(true);
  });

  test.each(vectors.refused)("refuses $why", (vector) => {
    expect(accepts(vector)).toBe(false);
  });

  test("every method stands on the page, and no other", () => {
    const named = new Set(page.match(/`[a-z$]+\/[a-z]+`/g)?.map((quoted) => quoted.slice(1, -1)));
    expect([...named].sort()).toEqual(Object.keys(METHODS).sort());
  });

  test("every long method is marked so on the page", () => {
    const rows = page.split("\n").filter((row) => row.startsWith("| `") && row.split("|").length === 5);
    const long = rows
      .filter((row) => row.includes("| yes |"))
      .flatMap((row) => row.match(/[a-z]+\/[a-z]+/g) ?? []);
    const inCode = Object.entries(METHODS)
      .filter(([, method]) => method.long)
      .map(([name]) => name);
    expect(long.sort()).toEqual(inCode.sort());
  });

  test("every error number stands on the page", () => {
    for (const [name, number] of Object.entries(RPC_ERRORS))
      expect(page).toContain(`| ${number} | \`${name}\` |`);
  });
});

describe("params that zod would see otherwise than they were sent", () => {
  test("a key that names the prototype is refused", () => {
    const inputs = JSON.parse('{"__proto__":1}') as unknown;
    expect(z.safeParse(METHODS["run/start"].params, { ...startParams(), inputs }).success).toBe(false);
    expect(z.safeParse(METHODS["run/start"].params, { ...startParams(), inputs: {} }).success).toBe(true);
  });
});

const startParams = (): object => {
  const vector = vectors.accepted.find(({ method, side }) => method === "run/start" && side === "params");
  return vector?.value as object;
};

describe("proofs of the opening", () => {
  const vector = JSON.parse(readFileSync("test/vectors/host-rpc/proofs.json", "utf8")) as {
    readonly token: string;
    readonly hello: string;
    readonly answerWithoutProof: JsonObject;
    readonly hostProof: string;
    readonly authenticateWithoutProof: JsonObject;
    readonly clientProof: string;
  };
  const sha256 = (text: string): Uint8Array => createHash("sha256").update(utf8(text)).digest();
  const prove = (input: ProofInput): string =>
    createHmac("sha256", proofBytes(vector.token) ?? new Uint8Array())
      .update(proofMessage(input))
      .digest("hex");
  const hello = sha256(vector.hello);

  test("the host proves the token over the question and its answer", () => {
    const answer = sha256(canonicalJson(vector.answerWithoutProof));
    expect(prove({ side: "host", hello, answer })).toBe(vector.hostProof);
  });

  test("the client proves it over both and what it says next", () => {
    const answer = sha256(canonicalJson({ ...vector.answerWithoutProof, proof: vector.hostProof }));
    const authenticate = sha256(canonicalJson(vector.authenticateWithoutProof));
    expect(prove({ side: "client", hello, answer, authenticate })).toBe(vector.clientProof);
  });

  test.each(["", "00", "0".repeat(63), "0".repeat(66), "G".repeat(64), "A".repeat(64)])(
    "%j is no proof",
    (text) => {
      expect(proofBytes(text)).toBeUndefined();
    },
  );
});
