import { utf8, utf8Text } from "#kernel/bytes.ts";

/*
 * The ids of principals and resources, as rules, requests and evidence write them: ASCII only, so
 * that no two ids look alike, and one text per thing. Specified in docs/formats/policy-vocabulary.md.
 */

/** Longest id, in characters. */
export const ENTITY_ID_CHARACTERS_MAX = 4_096;

/**
 * The id for a name or a path: Unicode NFC, then UTF-8 with every byte percent-encoded in upper
 * case except letters, digits and `-._~/:@+`. A lone surrogate has no id; check for it first.
 */
export const entityId = (text: string): string => {
  // Nearly every name is one of these, and each is in normal form.
  if (PLAIN_TEXT.test(text)) return text;
  let id = "";
  for (const byte of utf8(text.normalize("NFC"))) id += ENCODED[byte] ?? "";
  return id;
};

/** The id of an agent: its file's path in the workspace, `#`, and its name. */
export const agentEntityId = (path: string, name: string): string => `${entityId(path)}#${entityId(name)}`;

/** The text that an id stands for, or undefined where `entityId` does not make exactly this id. */
export const entityText = (id: string): string | undefined => {
  if (id.length === 0 || id.length > ENTITY_ID_CHARACTERS_MAX || !FORM.test(id)) return undefined;
  if (!id.includes("%")) return id;
  const bytes: number[] = [];
  for (let index = 0; index < id.length; index += 1) {
    if (id[index] === "%") {
      bytes.push(Number.parseInt(id.slice(index + 1, index + 3), 16));
      index += 2;
    } else {
      bytes.push(id.charCodeAt(index));
    }
  }
  const text = utf8Text(Uint8Array.from(bytes));
  return text !== undefined && entityId(text) === id ? text : undefined;
};

/** Path and name of an agent's id, or undefined where `agentEntityId` makes no such id of a file in a workspace. */
export const agentOfEntityId = (id: string): { readonly path: string; readonly name: string } | undefined => {
  if (id.length > ENTITY_ID_CHARACTERS_MAX) return undefined;
  const [before = "", after = "", ...more] = id.split("#");
  const path = entityText(before);
  const name = entityText(after);
  if (path === undefined || name === undefined || more.length > 0) return undefined;
  return path.split("/").some((part) => part === "" || part === "." || part === "..")
    ? undefined
    : { path, name };
};

/** Provider and name of a model's id: what stands before and behind the first colon, neither empty. */
export const modelOfEntityId = (
  id: string,
): { readonly provider: string; readonly name: string } | undefined => {
  const text = entityText(id) ?? "";
  const colon = text.indexOf(":");
  const [provider, name] = [text.slice(0, colon), text.slice(colon + 1)];
  return colon < 1 || name === "" ? undefined : { provider, name };
};

export interface Origin {
  readonly scheme: string;
  readonly host: string;
  /** Also where the origin leaves it out. */
  readonly port: number;
}

/**
 * The parts of a host's id, or undefined where it is none: a serialised origin of `http` or `https`
 * (WHATWG URL) in the one form that the URL parser gives it. A number in another base, an address
 * written out, a default port or a name that is not in ASCII has such a form, which is another text.
 * Names with a dot at the end or with nothing between two dots reach hosts that have an id already.
 */
export const hostOfEntityId = (id: string): Origin | undefined => {
  if (id.length > ENTITY_ID_CHARACTERS_MAX || !ORIGIN.test(id)) return undefined;
  const url = URL.parse(id);
  if (url === null || url.origin !== id) return undefined;
  const host = url.hostname;
  if (!host.startsWith("[") && host.split(".").includes("")) return undefined;
  const scheme = url.protocol.slice(0, -1);
  return { scheme, host, port: url.port === "" ? (DEFAULT_PORTS[scheme] ?? 0) : Number(url.port) };
};

/** Whether a text is the path of a request target at some host, in the one form that the URL parser gives it. */
export const isTargetPath = (path: string): boolean =>
  path.startsWith("/") && URL.parse(`http://host${path}`)?.pathname === path;

const ORIGIN = /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]+)?$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

const FORM = /^(?:[A-Za-z0-9\-._~/:@+]|%[0-9A-F]{2})*$/;
const PLAIN = /^[A-Za-z0-9\-._~/:@+]$/;
const PLAIN_TEXT = /^[A-Za-z0-9\-._~/:@+]*$/;

const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});
