import type { JsonObject, JsonValue } from "./canonical-json.ts";
import { isJsonObject, isList } from "./canonical-json.ts";
import { strictBase64 } from "./keys.ts";

/** Row 3 of the page's table: what an entry looks like when it stands alone (sections 3, 6 and 7). */

export interface Entry extends JsonObject {
  readonly id: string;
  readonly log: string;
  readonly writer: string;
  readonly seq: number;
  readonly time: { readonly wallMs: number; readonly monotonicMs: number };
  readonly type: string;
  readonly public: JsonObject;
  readonly content: readonly ContentReference[];
  readonly prev: string;
  readonly signature: string | null;
  readonly hash: string;
}

export interface ContentReference extends JsonObject {
  readonly scope: string;
  readonly name: string;
  readonly commitment: string;
  readonly sealed: string;
  readonly sealedBytes: number;
}

/** Public fields of the structural types, as far as one of them has the field. */
export interface KeyFields {
  readonly key: string;
  readonly by: string;
  readonly previous?: string;
}

export interface CommitFields {
  readonly size: number;
  readonly root: string;
  readonly seen: readonly { readonly log: string; readonly size: number; readonly root: string }[];
}

export interface RecoveryFields {
  readonly aside: readonly { readonly file: string; readonly bytes: number; readonly digest: string }[];
}

type Form = (value: JsonValue) => boolean;

const text: Form = (value) => typeof value === "string";
const matching =
  (pattern: RegExp): Form =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const integer =
  (least = 0, most = Number.MAX_SAFE_INTEGER): Form =>
  (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
const only =
  (expected: JsonValue): Form =>
  (value) =>
    value === expected;
const nullOr =
  (form: Form): Form =>
  (value) =>
    value === null || form(value);
const list =
  (form: Form, most = Number.POSITIVE_INFINITY): Form =>
  (value) =>
    isList(value) && value.length <= most && value.every(form);
const atLeast =
  (members: Readonly<Record<string, Form>>): Form =>
  (value) =>
    isJsonObject(value) &&
    Object.entries(members).every(([name, form]) => Object.hasOwn(value, name) && form(value[name] ?? null));
const exactly =
  (members: Readonly<Record<string, Form>>): Form =>
  (value) =>
    isJsonObject(value) &&
    Object.keys(value).length === Object.keys(members).length &&
    atLeast(members)(value);

const nonEmpty = matching(/^[^]/);
export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const uuidV7 = matching(UUID_V7);
const hex64 = matching(/^[0-9a-f]{64}$/);
const signature: Form = (value) => typeof value === "string" && strictBase64(value)?.length === 64;
const empty = list(() => false);

const entryForm = exactly({
  v: only(1),
  id: uuidV7,
  log: uuidV7,
  writer: matching(/^[0-9a-f]{16}$/),
  seq: integer(),
  time: exactly({ wallMs: integer(0, 2 ** 48 - 1), monotonicMs: integer() }),
  type: matching(/^(?=.{0,64}$)[a-z]+\.[a-z]+(?:-[a-z]+)*$/),
  run: nullOr(exactly({ id: uuidV7, seq: integer(), parent: nullOr(uuidV7) })),
  cause: nullOr(uuidV7),
  principal: nonEmpty,
  onBehalfOf: nullOr(exactly({ kind: matching(/^(?=.{0,64}$)[a-z]+(?:-[a-z]+)*$/), id: nonEmpty })),
  labels: list(nonEmpty),
  input: nullOr(integer()),
  public: isJsonObject,
  content: list(
    exactly({
      scope: uuidV7,
      name: matching(/^[a-z][a-z0-9-]{0,63}$/),
      commitment: hex64,
      sealed: hex64,
      sealedBytes: integer(16, 16_777_232),
    }),
    64,
  ),
  prev: hex64,
  signature: nullOr(signature),
  hash: hex64,
});

const structural = {
  run: only(null),
  cause: only(null),
  onBehalfOf: only(null),
  input: only(null),
  labels: empty,
  content: empty,
};

const certificate = { role: only("writer"), key: hex64, by: hex64 };
const beginning = { software: text, workspace: text };
const aside = exactly({
  file: matching(/^[0-9]{6}\.(?:jsonl|content)\.(?:0|[1-9][0-9]*)-[1-9][0-9]*\.aside$/),
  bytes: integer(0, 67_108_864),
  digest: hex64,
});

const publicForms: ReadonlyMap<string, Form> = new Map([
  ["key.certified", atLeast(certificate)],
  ["key.rotated", atLeast({ ...certificate, previous: hex64 })],
  ["key.revoked", atLeast({ key: hex64, by: hex64, reason: text })],
  ["log.opened", atLeast(beginning)],
  ["log.recovered", atLeast({ ...beginning, aside: list(aside, 64) })],
  [
    "log.committed",
    atLeast({
      size: integer(),
      root: hex64,
      seen: list(exactly({ log: uuidV7, size: integer(1), root: hex64 }), 64),
    }),
  ],
  ["log.retired", atLeast({ reason: text })],
]);

/** The value as an entry, or undefined when it has not the form of one. */
export const asEntry = (value: JsonValue): Entry | undefined => {
  if (!entryForm(value)) return undefined;
  const entry = value as Entry;
  const names = entry.content.map((reference) => reference.name);
  if (!ascending(entry["labels"] as readonly string[]) || new Set(names).size < names.length)
    return undefined;
  if ((entry.signature !== null) !== isSigned(entry.type)) return undefined;
  return /^(?:log|key)\./.test(entry.type) && !isStructural(entry) ? undefined : entry;
};

const isSigned = (type: string): boolean => type === "log.committed" || type.startsWith("key.");

const isStructural = (entry: Entry): boolean => {
  if (!atLeast(structural)(entry) || publicForms.get(entry.type)?.(entry.public) !== true) return false;
  if (entry.type === "log.committed") {
    const logs = commitFields(entry).seen.map((seen) => seen.log);
    return ascending(logs) && !logs.includes(entry.log);
  }
  return entry.type !== "log.recovered" || ascending(recoveryFields(entry).aside.map(({ file }) => file));
};

const ascending = (texts: readonly string[]): boolean =>
  texts.every((later, index) => index === 0 || (texts[index - 1] ?? "") < later);

/** To be asked only for entries of these types. */
export const keyFields = (entry: Entry): KeyFields => entry.public as unknown as KeyFields;
export const commitFields = (entry: Entry): CommitFields => entry.public as unknown as CommitFields;
export const recoveryFields = (entry: Entry): RecoveryFields => entry.public as unknown as RecoveryFields;
