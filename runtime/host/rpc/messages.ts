import { utf8, utf8Text } from "#kernel/bytes.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { HOST_MESSAGE_BYTES_MAX, HOST_MESSAGE_DEPTH_MAX } from "#protocol/host-rpc.ts";

/** The messages of JSON-RPC 2.0 as they are read from a body and written into one. */
export type Message =
  | { readonly k: "request"; readonly id: MessageId; readonly method: string; readonly params: JsonObject }
  | { readonly k: "notification"; readonly method: string; readonly params: JsonObject }
  | { readonly k: "result"; readonly id: MessageId; readonly result: JsonValue }
  /** The id is null where the other side could not even read the request. */
  | { readonly k: "error"; readonly id: MessageId | null; readonly error: JsonObject };

export type MessageId = string | number;

export type MessageReading =
  | { readonly ok: true; readonly message: Message }
  /** Either ends the connection. */
  | { readonly ok: false; readonly error: "parse-error" | "invalid-request"; readonly why: string };

const ID_CHARACTERS_MAX = 64;
const VALUES_MAX = 1_000_000;

/** Reads a body of unknown origin. Never throws. */
export const readMessage = (body: Uint8Array): MessageReading => {
  const text = utf8Text(body);
  if (text === undefined) return refuse("parse-error", "a body that is not UTF-8");
  const reading = readJson(text, {
    charactersMax: HOST_MESSAGE_BYTES_MAX,
    depthMax: HOST_MESSAGE_DEPTH_MAX,
    valuesMax: VALUES_MAX,
  });
  if (!reading.ok)
    return refuse("parse-error", `a body that is not JSON as the protocol has it: ${reading.reason}`);
  const { value } = reading;
  if (!isJsonObject(value)) return refuse("invalid-request", "a message that is no object");
  if (hasPrototypeKey(value)) return refuse("parse-error", "a body with a key `__proto__`");
  if (ownValue(value, "jsonrpc") !== "2.0")
    return refuse("invalid-request", "a message that is not of JSON-RPC 2.0");
  const message = messageOf(value);
  return message === undefined
    ? refuse("invalid-request", "a message that is neither request, notification nor answer")
    : { ok: true, message };
};

/** The body of a message. */
export const messageBody = (message: Message): Uint8Array<ArrayBuffer> => {
  const { k, ...members } = message;
  invariant(k.length > 0, "a message is of a kind");
  return utf8(JSON.stringify({ jsonrpc: "2.0", ...members }));
};

const refuse = (error: "parse-error" | "invalid-request", why: string): MessageReading => ({
  ok: false,
  error,
  why,
});

/** Its members, no more and no fewer, say what a message is. */
const messageOf = (value: JsonObject): Message | undefined => {
  const names = Object.keys(value)
    .filter((name) => name !== "jsonrpc")
    .sort()
    .join(" ");
  const { id, method, params, result, error } = value;
  switch (names) {
    case "id method params":
      return isId(id) && typeof method === "string" && isJsonObject(params)
        ? { k: "request", id, method, params }
        : undefined;
    case "method params":
      return typeof method === "string" && isJsonObject(params)
        ? { k: "notification", method, params }
        : undefined;
    case "id result":
      return isId(id) && result !== undefined ? { k: "result", id, result } : undefined;
    case "error id":
      return (isId(id) || id === null) && isJsonObject(error) ? { k: "error", id, error } : undefined;
    default:
      return undefined;
  }
};

const isId = (id: JsonValue | undefined): id is MessageId =>
  typeof id === "string"
    ? id.length > 0 && id.length <= ID_CHARACTERS_MAX
    : Number.isSafeInteger(id) && Number(id) >= 0;

/** Within the depth that `readJson` allows. */
const hasPrototypeKey = (value: JsonValue): boolean => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(hasPrototypeKey);
  if (!isJsonObject(value)) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasPrototypeKey);
};
