import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import * as z from "zod/mini";

import { utf8 } from "#kernel/bytes.ts";
import { proofBytes, proofMessage } from "#protocol/host-proof.ts";
import { METHODS, RPC_ERRORS } from "#protocol/host-rpc.ts";
import type { MethodName } from "#protocol/host-rpc.ts";

interface Vector {
  readonly why?: string;
  readonly method: MethodName;
  readonly side: "params" | "result";
  readonly value: unknown;
}

const vectors = JSON.parse(readFileSync("test/vectors/host-rpc/messages.json", "utf8")) as {
  readonly accepted: readonly Vector[];
  readonly refused: readonly Vector[];
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

describe("proofs of the opening", () => {
  const vector = JSON.parse(readFileSync("test/vectors/host-rpc/proofs.json", "utf8")) as Record<
    "token" | "clientNonce" | "hostNonce" | "hello" | "helloDigest" | "hostProof" | "clientProof",
    string
  >;
  const bytes = (text: string): Uint8Array => proofBytes(text) ?? new Uint8Array();
  const helloDigest = createHash("sha256").update(utf8(vector.hello)).digest();

  test("the digest is of the message as sent", () => {
    expect(helloDigest.toString("hex")).toBe(vector.helloDigest);
  });

  test.each([
    ["host", vector.hostProof],
    ["client", vector.clientProof],
  ] as const)("the %s proves the token over both nonces and the message", (side, expected) => {
    const message = proofMessage({
      side,
      clientNonce: bytes(vector.clientNonce),
      hostNonce: bytes(vector.hostNonce),
      helloDigest,
    });
    expect(createHmac("sha256", bytes(vector.token)).update(message).digest("hex")).toBe(expected);
  });
});
