import { concatBytes, fromHex, utf8 } from "#kernel/bytes.ts";
import { invariant } from "#kernel/invariant.ts";

import { PROOF_DOMAINS } from "./host-rpc.ts";

/** What one side of the opening proves that it read the token with; see docs/formats/host-rpc.md. */
export type ProofInput =
  | { readonly side: "host"; readonly hello: Uint8Array; readonly answer: Uint8Array }
  | {
      readonly side: "client";
      /** SHA-256 of the body of `host/hello` as it was sent. */
      readonly hello: Uint8Array;
      /** SHA-256 of the canonical JSON of its result: for the host's proof without the member `proof`, for the client's with it. */
      readonly answer: Uint8Array;
      /** SHA-256 of the canonical JSON of the params of `host/authenticate` without the member `proof`. */
      readonly authenticate: Uint8Array;
    };

/** The bytes under the HMAC whose key is the token. */
export const proofMessage = (input: ProofInput): Uint8Array => {
  const parts = [input.hello, input.answer, ...(input.side === "client" ? [input.authenticate] : [])];
  invariant(
    parts.every((part) => part.length === 32),
    "a proof is over digests of 32 bytes",
  );
  return concatBytes(utf8(PROOF_DOMAINS[input.side]), Uint8Array.of(0), ...parts);
};

/** A proof, nonce or token as text, or undefined when it is not 32 bytes of lower-case hexadecimal. */
export const proofBytes = (text: string): Uint8Array | undefined => {
  const bytes = fromHex(text);
  return bytes?.length === 32 ? bytes : undefined;
};
