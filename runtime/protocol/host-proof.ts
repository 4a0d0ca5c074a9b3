import { concatBytes, fromHex, utf8 } from "#kernel/bytes.ts";
import { invariant } from "#kernel/invariant.ts";

import { PROOF_DOMAINS } from "./host-rpc.ts";

/** What one side of the opening proves that it read the token with; see docs/formats/host-rpc.md. */
export interface ProofInput {
  readonly side: "host" | "client";
  /** 32 bytes each. */
  readonly clientNonce: Uint8Array;
  readonly hostNonce: Uint8Array;
  /** SHA-256 of the body of `host/hello` as it was sent. */
  readonly helloDigest: Uint8Array;
}

/** The bytes under the HMAC whose key is the token. */
export const proofMessage = (input: ProofInput): Uint8Array => {
  const parts = [input.clientNonce, input.hostNonce, input.helloDigest];
  invariant(
    parts.every((part) => part.length === 32),
    "a proof is over three parts of 32 bytes",
  );
  return concatBytes(utf8(PROOF_DOMAINS[input.side]), Uint8Array.of(0), ...parts);
};

/** A proof or nonce as the messages carry it, or undefined when it is not 32 bytes of hexadecimal. */
export const proofBytes = (text: string): Uint8Array | undefined => {
  const bytes = fromHex(text);
  return bytes?.length === 32 ? bytes : undefined;
};
