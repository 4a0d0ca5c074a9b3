import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { RunState } from "./state.ts";

/** Random bytes that each run draws for the digests of its private text. */
export const RUN_KEY_BYTES = 32;

/**
 * The digest of a run's state that entries name, as docs/formats/run-event.md says: HMAC-SHA256
 * under the run's own key over the domain, a zero byte and the canonical JSON of the state (null
 * before the first input). Keyed, because a state holds private text that nobody should find by
 * guessing.
 */
export const stateDigest = (crypto: Crypto, key: Uint8Array, state: RunState | null): Sha256 =>
  sha256OfBytes(
    crypto.hmacSha256(
      key,
      utf8("writ/run-event/v1/state\0"),
      utf8(canonicalJson(state as unknown as JsonValue)),
    ),
  );
