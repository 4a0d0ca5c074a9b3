import { utf8Text } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";

export type DecodedBody =
  | { readonly k: "value"; readonly value: JsonValue }
  | { readonly k: "broken"; readonly message: string }
  /** Of an encoding that is not read. */
  | { readonly k: "unjudged" };

/** An answer's JSON (RFC 8259), as lenient as clients are: a byte order mark is passed over, the last of two equal keys counts. */
export const decodeJson = (body: Uint8Array, contentType: string): DecodedBody => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1]?.toLowerCase();
  if (charset !== undefined && !["utf-8", "utf8", "us-ascii"].includes(charset)) return { k: "unjudged" };
  const text = utf8Text(body);
  if (text === undefined) return { k: "broken", message: "the answer's body is not UTF-8" };
  try {
    return { k: "value", value: JSON.parse(text.replace(/^\ufeff/, "")) as JsonValue };
  } catch {
    return { k: "broken", message: "the answer says that it is JSON, and it is not" };
  }
};
