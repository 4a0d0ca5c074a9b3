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
  let id = "";
  for (const byte of utf8(text.normalize("NFC"))) id += ENCODED[byte] ?? "";
  return id;
};

/** The id of an agent: its file's path in the workspace, `#`, and its name. */
export const agentEntityId = (path: string, name: string): string => `${entityId(path)}#${entityId(name)}`;

/** The text that an id stands for, or undefined where `entityId` does not make exactly this id. */
export const entityText = (id: string): string | undefined => {
  if (id.length === 0 || id.length > ENTITY_ID_CHARACTERS_MAX || !FORM.test(id)) return undefined;
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
  const [before = "", after = "", ...more] = id.split("#");
  const path = entityText(before);
  const name = entityText(after);
  if (path === undefined || name === undefined || more.length > 0) return undefined;
  return path.split("/").some((part) => part === "" || part === "." || part === "..")
    ? undefined
    : { path, name };
};

const FORM = /^(?:[A-Za-z0-9\-._~/:@+]|%[0-9A-F]{2})*$/;
const PLAIN = /^[A-Za-z0-9\-._~/:@+]$/;

const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});
