import { isJsonObject, type JsonValue, ownValue } from "#kernel/json.ts";
import type { SourceRange } from "#protocol/source.ts";

import { LOAD_LIMITS } from "./limits.ts";
import { pointerParts, pointerTo } from "./pointer.ts";
import type { ApiDocument } from "./read-document.ts";
import { referenceTarget } from "./reference.ts";

/** A value of a document and where it stands. */
export interface Node {
  readonly document: ApiDocument;
  readonly pointer: string;
  readonly value: JsonValue;
}

/** Where something is said, in a form that leaves the room. */
export interface Place {
  readonly file: string;
  readonly pointer: string;
  readonly range: SourceRange;
}

export const placeOf = ({ document, pointer }: Node): Place => ({
  file: document.file,
  pointer,
  range: document.rangeOf(pointer),
});

/** One name for one place; two nodes of one place are the same value. */
export const nodeKey = ({ document, pointer }: Node): string => `${document.file}#${pointer}`;

/** A member or item, or undefined where there is none. */
export const childOf = (node: Node, ...keys: readonly (string | number)[]): Node | undefined => {
  let value: JsonValue | undefined = node.value;
  for (const key of keys) {
    if (Array.isArray(value)) value = (value as readonly JsonValue[])[Number(key)];
    else value = isJsonObject(value) ? ownValue(value, String(key)) : undefined;
    if (value === undefined) return undefined;
  }
  return { document: node.document, pointer: pointerTo(node.pointer, ...keys), value };
};

/** Members of an object in the order of the text; nothing for any other value. */
export const membersOf = (node: Node | undefined): readonly (readonly [string, Node])[] => {
  if (node === undefined || !isJsonObject(node.value)) return [];
  return Object.entries(node.value).map(([key, value]) => [
    key,
    { document: node.document, pointer: pointerTo(node.pointer, key), value },
  ]);
};

export const itemsOf = (node: Node | undefined): readonly Node[] => {
  if (node === undefined || !Array.isArray(node.value)) return [];
  return (node.value as readonly JsonValue[]).map((value, index) => ({
    document: node.document,
    pointer: pointerTo(node.pointer, index),
    value,
  }));
};

export const textAt = (node: Node | undefined, key: string): string | undefined => {
  const value = node === undefined ? undefined : childOf(node, key)?.value;
  return typeof value === "string" ? value : undefined;
};

/** Why a `$ref` leads nowhere. */
export interface LostReference {
  readonly at: Node;
  readonly why: "remote" | "outside" | "unreadable" | "missing" | "malformed" | "cyclic";
}

export type Followed =
  | { readonly ok: true; readonly node: Node }
  | { readonly ok: false; readonly lost: LostReference };

/** The documents of one load by their file names. A document that could not be read is not among them. */
export class DocumentSet {
  private readonly documents: ReadonlyMap<string, ApiDocument>;

  constructor(documents: ReadonlyMap<string, ApiDocument>) {
    this.documents = documents;
  }

  /** Where the `$ref` of a node leads in one step; the node itself where it has none. */
  step(node: Node): Followed {
    const reference = textAt(node, "$ref");
    if (reference === undefined) return { ok: true, node };
    const target = referenceTarget(node.document.file, reference);
    if (target.k !== "local") return { ok: false, lost: { at: node, why: target.k } };
    const document = this.documents.get(target.file);
    if (document === undefined) return { ok: false, lost: { at: node, why: "unreadable" } };
    const parts = pointerParts(target.pointer);
    if (parts === undefined) return { ok: false, lost: { at: node, why: "malformed" } };
    const found = childOf({ document, pointer: "", value: document.value }, ...parts);
    return found === undefined
      ? { ok: false, lost: { at: node, why: "missing" } }
      : { ok: true, node: found };
  }

  /** The value at the end of a chain of `$ref`s. */
  follow(node: Node): Followed {
    let current = node;
    for (let hops = 0; hops < LOAD_LIMITS.referenceChainMax; hops += 1) {
      if (textAt(current, "$ref") === undefined) return { ok: true, node: current };
      const next = this.step(current);
      if (!next.ok) return next;
      current = next.node;
    }
    return { ok: false, lost: { at: node, why: "cyclic" } };
  }
}
