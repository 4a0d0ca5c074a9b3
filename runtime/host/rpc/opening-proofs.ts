import { equalBytes, toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import { proofBytes, proofMessage } from "#protocol/host-proof.ts";

/** What was said so far in an opening: the body of `host/hello` as it was sent, and the answer's result. */
export interface Said {
  readonly hello: Uint8Array;
  /** With its proof. */
  readonly answer: JsonObject;
}

/** 32 bytes that both sides read from the token's file. */
export type Token = Uint8Array;

type Digests = Pick<Crypto, "sha256" | "hmacSha256">;

export const hostProof = (crypto: Digests, token: Token, { hello, answer }: Said): string =>
  toHex(
    crypto.hmacSha256(
      token,
      proofMessage({
        side: "host",
        hello: crypto.sha256(hello),
        answer: digestOf(crypto, withoutProof(answer)),
      }),
    ),
  );

/** @param authenticate the params of `host/authenticate`, with or without a proof. */
export const clientProof = (
  crypto: Digests,
  token: Token,
  { hello, answer }: Said,
  authenticate: JsonObject,
): string =>
  toHex(
    crypto.hmacSha256(
      token,
      proofMessage({
        side: "client",
        hello: crypto.sha256(hello),
        answer: digestOf(crypto, answer),
        authenticate: digestOf(crypto, withoutProof(authenticate)),
      }),
    ),
  );

/** In constant time for what anybody could want to guess. */
export const isSameProof = (left: string, right: string): boolean => {
  const [one, other] = [proofBytes(left), proofBytes(right)];
  return one !== undefined && other !== undefined && equalBytes(one, other);
};

const digestOf = (crypto: Digests, value: JsonObject): Uint8Array =>
  crypto.sha256(utf8(canonicalJson(value)));

const withoutProof = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== "proof"));
