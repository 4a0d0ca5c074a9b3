import { fromBase64 } from "#kernel/bytes.ts";
import { isSha256 } from "#kernel/digest.ts";
import { ID_TIME_MS_MAX, isId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { ContentReference, LedgerEntry } from "./ledger-entry.ts";
import {
  ASIDE_BYTES_MAX,
  ASIDE_FILES_MAX,
  CONTENT_PART_BYTES_MAX,
  CONTENT_PARTS_MAX,
  LEDGER_VERSION,
  SEAL_TAG_BYTES,
  SEEN_MAX,
} from "./ledger-entry.ts";
import { readAsideFile } from "./ledger-format.ts";

/*
 * The form of a line (sections 3 and 7 of docs/formats/ledger.md) for those who read: what comes in
 * is any JSON value, what comes out is an entry or the first thing that is wrong with it. Whether
 * what it says is true is the verifier's business.
 */

export type EntryReading =
  | { readonly ok: true; readonly entry: LedgerEntry }
  | { readonly ok: false; readonly detail: string };

/** The entry that a parsed line is. Never throws; the details quote nothing from the line. */
export const readEntry = (value: JsonValue): EntryReading => {
  if (!isJsonObject(value)) return { ok: false, detail: "not an object" };
  if (ownValue(value, "v") !== LEDGER_VERSION) return { ok: false, detail: "`v` is not 1" };
  const wrong = wrongMember(value, ENTRY_MEMBERS);
  if (wrong !== undefined) return { ok: false, detail: wrong };
  const entry = value as unknown as LedgerEntry;
  const inconsistent = isStructural(entry.type) ? wrongStructure(entry) : wrongOrdinary(entry);
  return inconsistent === undefined ? { ok: true, entry } : { ok: false, detail: inconsistent };
};

/** Types whose meaning the chain rests on. */
export const isStructural = (type: string): boolean => type.startsWith("log.") || type.startsWith("key.");

/** The types that carry a signature of their own. */
const isSigned = (type: string): boolean => type === "log.committed" || type.startsWith("key.");

/** `public` of the structural types; members that are not listed may stand beside these. */
export interface KeyCertified {
  readonly role: "writer";
  readonly key: string;
  readonly by: string;
}
export interface KeyRotated extends KeyCertified {
  readonly previous: string;
}
export interface KeyRevoked {
  readonly key: string;
  readonly by: string;
  readonly reason: string;
}
export interface LogCommitted {
  readonly size: number;
  readonly root: string;
  readonly seen: readonly SeenCheckpoint[];
}
export interface SeenCheckpoint {
  readonly log: string;
  readonly size: number;
  readonly root: string;
}
interface LogOpened {
  readonly software: string;
  readonly workspace: string;
}
export interface LogRecovered extends LogOpened {
  readonly aside: readonly AsideFile[];
}
export interface AsideFile {
  readonly file: string;
  readonly bytes: number;
  readonly digest: string;
}

interface Structures {
  readonly "key.certified": KeyCertified;
  readonly "key.rotated": KeyRotated;
  readonly "key.revoked": KeyRevoked;
  readonly "log.committed": LogCommitted;
  readonly "log.opened": LogOpened;
  readonly "log.recovered": LogRecovered;
}

/** `public` of an entry of this type. `readEntry` has checked the form; this only names it. */
export const structureOf = <Type extends keyof Structures>(
  entry: LedgerEntry,
  type: Type,
): Structures[Type] => {
  invariant(entry.type === type, `an entry of type ${type} is asked for`);
  return entry.public as unknown as Structures[Type];
};

type Check = (value: JsonValue | undefined) => boolean;
type Members = Readonly<Record<string, Check>>;

const isString: Check = (value) => typeof value === "string";
const isText: Check = (value) => typeof value === "string" && value !== "";
const isIdentifier: Check = (value) => typeof value === "string" && isId(value);
const isDigest: Check = (value) => typeof value === "string" && isSha256(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isNull: Check = (value) => value === null;
const atMost =
  (limit: number): Check =>
  (value) =>
    isCount(value) && Number(value) <= limit;
const matches =
  (form: RegExp): Check =>
  (value) =>
    typeof value === "string" && form.test(value);
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const exactly =
  (members: Members): Check =>
  (value) =>
    isJsonObject(value) && wrongMember(value, members) === undefined;
const listOf =
  (countMax: number, check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= countMax && value.every((item) => check(item as JsonValue));

const KIND = /^(?=.{1,64}$)[a-z]+(?:-[a-z]+)*$/;
const TYPE = /^(?=.{1,64}$)[a-z]+\.[a-z]+(?:-[a-z]+)*$/;

const REFERENCE: Members = {
  commitment: isDigest,
  name: matches(/^[a-z][a-z0-9-]{0,63}$/),
  scope: isIdentifier,
  sealed: isDigest,
  sealedBytes: (value) =>
    atMost(CONTENT_PART_BYTES_MAX + SEAL_TAG_BYTES)(value) && Number(value) >= SEAL_TAG_BYTES,
};

const ENTRY_MEMBERS: Members = {
  cause: either(isNull, isIdentifier),
  content: (value) =>
    listOf(CONTENT_PARTS_MAX, exactly(REFERENCE))(value) &&
    haveDistinctNames(value as unknown as ContentReference[]),
  hash: isDigest,
  id: isIdentifier,
  input: either(isNull, isCount),
  labels: (value) => listOf(Number.POSITIVE_INFINITY, isText)(value) && rises(value as readonly string[]),
  log: isIdentifier,
  onBehalfOf: either(isNull, exactly({ id: isText, kind: matches(KIND) })),
  prev: isDigest,
  principal: isText,
  public: (value) => isJsonObject(value),
  run: either(isNull, exactly({ id: isIdentifier, parent: either(isNull, isIdentifier), seq: isCount })),
  seq: isCount,
  signature: either(isNull, (value) => typeof value === "string" && fromBase64(value)?.length === 64),
  time: exactly({ monotonicMs: isCount, wallMs: atMost(ID_TIME_MS_MAX) }),
  type: matches(TYPE),
  v: isCount,
  writer: matches(/^[0-9a-f]{16}$/),
};

const CERTIFICATE: Members = { by: isDigest, key: isDigest, role: (value) => value === "writer" };
const OPENING: Members = { software: isString, workspace: isString };

const SEEN = exactly({
  log: isIdentifier,
  root: isDigest,
  size: (value) => isCount(value) && Number(value) >= 1,
});

const ASIDE = exactly({
  bytes: atMost(ASIDE_BYTES_MAX),
  digest: isDigest,
  file: (value) => typeof value === "string" && readAsideFile(value) !== undefined,
});

/** What `public` of each structural type must hold. */
const STRUCTURES: Readonly<Record<string, Members>> = {
  "key.certified": CERTIFICATE,
  "key.rotated": { ...CERTIFICATE, previous: isDigest },
  "key.revoked": { by: isDigest, key: isDigest, reason: isString },
  "log.opened": OPENING,
  "log.recovered": {
    ...OPENING,
    aside: (value) =>
      listOf(ASIDE_FILES_MAX, ASIDE)(value) &&
      rises((value as unknown as AsideFile[]).map(({ file }) => file)),
  },
  "log.committed": {
    size: isCount,
    root: isDigest,
    seen: (value) =>
      listOf(SEEN_MAX, SEEN)(value) && rises((value as unknown as SeenCheckpoint[]).map(({ log }) => log)),
  },
  "log.retired": { reason: isString },
};

const wrongOrdinary = (entry: LedgerEntry): string | undefined =>
  entry.signature === null ? undefined : "`signature` stands in a type that has none";

const wrongStructure = (entry: LedgerEntry): string | undefined => {
  const members = Object.hasOwn(STRUCTURES, entry.type) ? STRUCTURES[entry.type] : undefined;
  if (members === undefined) return "a structural type that version 1 does not have";
  for (const [name, check] of Object.entries(members)) {
    if (!check(ownValue(entry.public, name))) return `\`public.${name}\` is missing or of the wrong form`;
  }
  const { run, cause, onBehalfOf, input, labels, content } = entry;
  if ([run, cause, onBehalfOf, input].some((value) => value !== null) || labels.length + content.length > 0) {
    return "a structural entry has no run, cause, labels, input or content";
  }
  if ((entry.signature !== null) !== isSigned(entry.type)) return "`signature` is missing or out of place";
  const seen = entry.type === "log.committed" ? structureOf(entry, "log.committed").seen : [];
  return seen.some(({ log }) => log === entry.log) ? "a log does not see itself" : undefined;
};

/** The first member that is missing, unknown or of the wrong form. */
const wrongMember = (object: JsonObject, members: Members): string | undefined => {
  for (const name of Object.keys(members)) {
    if (!Object.hasOwn(object, name)) return `\`${name}\` is missing`;
    if (members[name]?.(object[name]) !== true) return `\`${name}\` has the wrong form`;
  }
  return Object.keys(object).length === Object.keys(members).length ? undefined : "an unknown member";
};

const haveDistinctNames = (references: readonly ContentReference[]): boolean =>
  new Set(references.map(({ name }) => name)).size === references.length;

/** Strictly ascending by UTF-16 code units. */
const rises = (texts: readonly string[]): boolean =>
  texts.every((text, index) => index === 0 || (texts[index - 1] ?? "") < text);
