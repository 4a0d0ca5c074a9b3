import { isJsonObject, type JsonObject, type JsonValue } from "#kernel/json.ts";

import type { DocumentSet, Node } from "../load/document-set.ts";
import { childOf, itemsOf, membersOf, nodeKey, textAt } from "../load/document-set.ts";
import { pointerParts } from "../load/pointer.ts";
import type { ProblemLog } from "../load/problem-log.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import { endlessOnes } from "./endless.ts";
import { type Dialect, hasForm, KEYWORDS, SILENT_KEYWORDS, UNBROKEN_KEYWORDS } from "./keywords.ts";
import { branchBesideNull } from "./null-branch.ts";
import { compilePattern } from "./pattern.ts";

/** What is sent and what is answered are two readings of one schema: `readOnly` and `writeOnly` differ. */
export type Direction = "request" | "response";

/** A schema of a view: a pointer into the view's one big schema, such as `/$defs/s3/properties/name`. */
export interface SchemaRef {
  readonly direction: Direction;
  readonly pointer: string;
}

type Schema = boolean | JsonObject;

/**
 * Every schema that a document's operations use, rewritten as plain JSON Schema 2020-12 with `$ref`s that
 * stay inside: `{ "$defs": { "s0": …, "s1": … } }`, once for requests and once for responses. What the
 * dialect ignores is gone, what it spells otherwise is spelt one way, and a cycle stays a `$ref`. So
 * generator and judge need to know neither dialects nor files.
 */
export class SchemaRegistry {
  private readonly documents: DocumentSet;
  private readonly dialect: Dialect;
  private readonly log: ProblemLog;
  /** Places that have a name and no schema yet. */
  private readonly untaken: { readonly name: string; readonly node: Node; readonly direction: Direction }[] =
    [];
  private isTaking = false;
  private readonly views: Readonly<Record<Direction, View>> = { request: newView(), response: newView() };

  constructor(documents: DocumentSet, dialect: Dialect, log: ProblemLog) {
    this.documents = documents;
    this.dialect = dialect;
    this.log = log;
  }

  /** Takes a schema in. What it refers to is taken in too, each place once. */
  add(node: Node, direction: Direction): SchemaRef {
    return { direction, pointer: `/$defs/${this.take(node, direction)}` };
  }

  /** The whole schema of one view; complete when everything has been added. */
  root(direction: Direction): JsonObject {
    return { $defs: Object.fromEntries(this.views[direction].schemas) };
  }

  at(ref: SchemaRef): Schema {
    const { found } = this.views[ref.direction];
    const known = found.get(ref.pointer);
    if (known !== undefined) return known;
    const schema = this.lookUp(ref);
    if (!this.isTaking) found.set(ref.pointer, schema);
    return schema;
  }

  private lookUp({ direction, pointer }: SchemaRef): Schema {
    const [, name = "", ...rest] = pointerParts(pointer) ?? [];
    let value: JsonValue | undefined = this.views[direction].schemas.get(name);
    for (const part of rest) {
      if (Array.isArray(value)) value = (value as readonly JsonValue[])[Number(part)];
      else value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    }
    return typeof value === "boolean" || isJsonObject(value) ? value : true;
  }

  /** Where the document says what stands at a pointer of a view. */
  sourceOf({ direction, pointer }: SchemaRef): Node | undefined {
    const [, name = "", ...rest] = pointerParts(pointer) ?? [];
    let node = this.views[direction].nodes.get(name);
    for (const part of rest) {
      const next = node === undefined ? undefined : childOf(node, part);
      // A keyword that the view spells otherwise stands beside what it was made of.
      if (next === undefined) break;
      node = next;
    }
    return node;
  }

  /** The schema that a `$ref` of a view leads to; the same one where there is none. */
  resolve(ref: SchemaRef): SchemaRef | undefined {
    let current = ref;
    for (let hops = 0; hops < 64; hops += 1) {
      const schema = this.at(current);
      const target = typeof schema === "boolean" ? undefined : schema["$ref"];
      if (typeof target !== "string") return current;
      current = { direction: ref.direction, pointer: target.slice(1) };
    }
    return undefined;
  }

  /** Schemas that never end are said and constrain nothing. To be called when everything was added. */
  cutEndless(): void {
    for (const view of Object.values(this.views)) {
      for (const name of endlessOnes(view.schemas)) {
        const node = view.nodes.get(name);
        if (node !== undefined) this.log.lost({ at: node, why: "cyclic" });
        view.schemas.set(name, true);
        view.found.clear();
      }
    }
  }

  /** Name of the schema of a view that a reference of `add` stands for. */
  nameOf({ pointer }: SchemaRef): string {
    return pointer.slice("/$defs/".length);
  }

  /** These schemas of one view and all that they refer to, by name, without what constrains nothing. */
  closure(refs: readonly SchemaRef[]): Readonly<Record<string, Schema>> {
    const found = new Map<string, Schema>();
    const queue = refs.map((ref) => ({ direction: ref.direction, name: this.nameOf(ref) }));
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { direction, name } = next;
      if (found.has(name)) continue;
      const schema = this.views[direction].schemas.get(name) ?? true;
      found.set(name, bare(schema) as Schema);
      for (const other of referencesIn(schema)) queue.push({ direction, name: other });
    }
    return Object.fromEntries(found);
  }

  /**
   * The name of a place's schema. What it refers to is taken in one after the other and not within each
   * other, so that a chain of references may be as long as a document.
   */
  private take(node: Node, direction: Direction): string {
    const view = this.views[direction];
    const key = nodeKey(node);
    const known = view.names.get(key);
    if (known !== undefined) return known;
    const name = `s${view.names.size}`;
    view.names.set(key, name);
    view.nodes.set(name, node);
    view.schemas.set(name, true);
    this.untaken.push({ name, node, direction });
    if (!this.isTaking) this.takeAll();
    return name;
  }

  private takeAll(): void {
    this.isTaking = true;
    for (let next = this.untaken.pop(); next !== undefined; next = this.untaken.pop()) {
      const { name, node, direction } = next;
      this.views[direction].schemas.set(name, this.rewrite(node, direction));
    }
    this.isTaking = false;
  }

  private rewrite(node: Node, direction: Direction): Schema {
    if (typeof node.value === "boolean") return node.value;
    if (!isJsonObject(node.value)) {
      this.log.say(API_PROBLEM_CODES.shape, node, "a schema has to be an object here");
      return true;
    }
    const reference = this.referenceOf(node, direction);
    // In 3.0 whatever stands beside a `$ref` is ignored.
    if (reference !== undefined && this.dialect === "3.0") return { $ref: reference };
    const schema: Record<string, JsonValue> = {};
    if (reference !== undefined) schema["$ref"] = reference;
    for (const [keyword, child] of membersOf(node)) {
      const form = KEYWORDS[this.dialect].get(keyword);
      if (form === undefined) this.passOver(keyword, child);
      else if (!hasForm(child.value, form)) {
        this.log.say(
          API_PROBLEM_CODES.shape,
          child,
          `\`${keyword}\` cannot have this value, so it is ignored`,
        );
      } else {
        schema[keyword] = this.rewriteKeyword(child, form, direction);
        if (direction === "request") this.tellUnbroken(keyword, child);
      }
    }
    this.settle(node, schema, direction);
    return schema;
  }

  private rewriteKeyword(child: Node, form: string, direction: Direction): JsonValue {
    switch (form) {
      case "schema":
        return this.rewrite(child, direction);
      case "schemas":
        return itemsOf(child).map((item) => this.rewrite(item, direction));
      case "schema-map":
        return Object.fromEntries(
          membersOf(child).map(([name, member]) => [name, this.rewrite(member, direction)]),
        );
      default:
        return child.value;
    }
  }

  private tellUnbroken(keyword: string, child: Node): void {
    const what =
      keyword === "additionalProperties" && isJsonObject(child.value)
        ? "no request breaks a rule of further properties"
        : UNBROKEN_KEYWORDS.get(keyword);
    // Alternatives that say that a value may be null too are broken with the rules of the other one.
    if (keyword.endsWith("Of") && branchBesideNull(child.value) !== undefined) return;
    if (what !== undefined) this.log.say(API_PROBLEM_CODES.notTested, child, what);
  }

  private referenceOf(node: Node, direction: Direction): string | undefined {
    if (textAt(node, "$ref") === undefined) return undefined;
    // The whole chain has to end somewhere; one step of it is what is kept.
    const end = this.documents.follow(node);
    const next = end.ok ? this.documents.step(node) : end;
    if (!next.ok) {
      this.log.lost(next.lost);
      return undefined;
    }
    return `#/$defs/${this.take(next.node, direction)}`;
  }

  private passOver(keyword: string, child: Node): void {
    if (SILENT_KEYWORDS.has(keyword) || keyword.startsWith("x-")) return;
    const why =
      this.dialect === "3.0" && KEYWORDS["3.1"].has(keyword)
        ? `\`${keyword}\` means nothing in OpenAPI 3.0`
        : `\`${keyword}\` is not tested`;
    this.log.say(API_PROBLEM_CODES.notTested, child, why);
  }

  /** What two keywords say together, and what only one direction says. */
  private settle(node: Node, schema: Record<string, JsonValue>, direction: Direction): void {
    if (this.dialect === "3.0") settle30(node, schema);
    const examples = examplesOf(node);
    if (examples.length > 0) schema["examples"] = examples;
    const pattern = schema["pattern"];
    if (typeof pattern === "string" && compilePattern(pattern) === undefined) {
      delete schema["pattern"];
      const at = childOf(node, "pattern") ?? node;
      this.log.say(API_PROBLEM_CODES.notTested, at, "this pattern is no regular expression of ECMAScript");
    }
    const patterns = schema["patternProperties"];
    if (isJsonObject(patterns)) {
      for (const name of Object.keys(patterns).filter((each) => compilePattern(each) === undefined)) {
        schema["patternProperties"] = without(schema["patternProperties"] as JsonObject, name);
        const at = childOf(node, "patternProperties", name) ?? node;
        this.log.say(API_PROBLEM_CODES.notTested, at, "this pattern is no regular expression of ECMAScript");
      }
    }
    if (typeof schema["multipleOf"] === "number" && schema["multipleOf"] <= 0) {
      delete schema["multipleOf"];
      const at = childOf(node, "multipleOf") ?? node;
      this.log.say(API_PROBLEM_CODES.shape, at, "`multipleOf` has to be larger than zero, so it is ignored");
    }
    this.leaveOut(node, schema, direction);
  }

  /** A client does not send what is `readOnly`; a server need not answer what is `writeOnly`. */
  private leaveOut(node: Node, schema: Record<string, JsonValue>, direction: Direction): void {
    const flag = direction === "request" ? "readOnly" : "writeOnly";
    const marked = membersOf(childOf(node, "properties"))
      .filter(([, member]) => this.isMarked(member, flag))
      .map(([name]) => name);
    if (marked.length === 0) return;
    const required = schema["required"];
    if (Array.isArray(required)) {
      schema["required"] = required.filter((name) => typeof name !== "string" || !marked.includes(name));
    }
    if (direction !== "request" || !isJsonObject(schema["properties"])) return;
    // A client that sends one all the same is not wrong: the name stays known, and nothing is generated for it.
    schema["properties"] = Object.fromEntries(
      Object.entries(schema["properties"]).map(([name, property]) => [
        name,
        marked.includes(name) ? { [NEVER_SENT]: true } : property,
      ]),
    );
  }

  private isMarked(member: Node, flag: string): boolean {
    if (childOf(member, flag)?.value === true) return true;
    const end = this.documents.follow(member);
    return end.ok && childOf(end.node, flag)?.value === true;
  }
}

/** Keywords whose values are data, in which nothing is a schema. */
const DATA: readonly string[] = ["const", "enum", "examples"];

/** A schema without annotations; null is let pass where readers differ about it. */
const bare = (schema: JsonValue): JsonValue => {
  if (Array.isArray(schema)) return schema.map(bare);
  if (!isJsonObject(schema)) return schema;
  if (schema[NULL_UNSURE] === true) {
    return { anyOf: [{ type: "null" }, bare(without(schema, NULL_UNSURE))] };
  }
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => keyword !== "examples" && keyword !== NEVER_SENT)
      .map(([keyword, value]) => [
        keyword,
        DATA.includes(keyword)
          ? value
          : MAPS.includes(keyword) && isJsonObject(value)
            ? bareMap(value)
            : bare(value),
      ]),
  );
};

/** Keywords whose members are named by the document. */
const MAPS: readonly string[] = ["properties", "patternProperties", "dependentSchemas", "dependentRequired"];

const bareMap = (map: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, bare(schema)]));

/** Names of the schemas that a schema refers to. */
const referencesIn = (schema: JsonValue): readonly string[] => {
  const found = new Set<string>();
  const walk = (value: JsonValue, isMap: boolean): void => {
    if (Array.isArray(value)) for (const each of value as readonly JsonValue[]) walk(each, false);
    if (!isJsonObject(value)) return;
    for (const [keyword, inner] of Object.entries(value)) {
      if (!isMap && keyword === "$ref" && typeof inner === "string")
        found.add(inner.slice("#/$defs/".length));
      else if (isMap || !DATA.includes(keyword)) walk(inner, !isMap && MAPS.includes(keyword));
    }
  };
  walk(schema, false);
  return [...found];
};

/** Marks a schema of which readers differ whether it allows null; an annotation that no validator knows. */
export const NULL_UNSURE = "x-writ-null-unsure";

/** Marks a property that belongs to the server; an annotation that no validator knows. */
export const NEVER_SENT = "x-writ-never-sent";

interface View {
  readonly names: Map<string, string>;
  readonly nodes: Map<string, Node>;
  readonly schemas: Map<string, Schema>;
  /** What stands at pointers that were asked for. */
  readonly found: Map<string, Schema>;
}

const newView = (): View => ({ names: new Map(), nodes: new Map(), schemas: new Map(), found: new Map() });

/** What OpenAPI 3.0 spells otherwise: `nullable` beside `type`, and exclusive bounds as flags. */
const settle30 = (node: Node, schema: Record<string, JsonValue>): void => {
  const type = schema["type"];
  if (childOf(node, "nullable")?.value === true) {
    if (typeof type === "string") schema["type"] = [type, "null"];
    // Without a `type` beside it 3.0.3 says that it means nothing, and many documents and servers mean it.
    else schema[NULL_UNSURE] = true;
  }
  for (const [flag, bound] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    const value = schema[bound];
    if (childOf(node, flag)?.value !== true || typeof value !== "number") continue;
    schema[flag] = value;
    delete schema[bound];
  }
};

const examplesOf = (node: Node): readonly JsonValue[] =>
  [childOf(node, "example"), childOf(node, "default"), ...itemsOf(childOf(node, "examples"))].flatMap(
    (found) => (found === undefined ? [] : [found.value]),
  );

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
