import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from "js-yaml";

import type { JsonValue } from "#kernel/json.ts";
import { isWellFormed } from "#kernel/json.ts";
import type { Span } from "#protocol/source.ts";

import { LOAD_LIMITS } from "./limits.ts";
import type { TreeBuilder, TreeReport } from "./tree-builder.ts";
import { plainScalar } from "./yaml-scalar.ts";

/** Reads one document of YAML 1.2 into a builder. Says where the first mistake is and stops there. */
export const readYamlInto = (
  text: string,
  builder: TreeBuilder,
  report: TreeReport,
  onSyntax: (message: string, span: Span) => void,
): void => {
  let events: readonly Event[];
  try {
    events = parseEvents(text, { maxDepth: LOAD_LIMITS.depthMax + 2 });
  } catch (error) {
    const { reason, at } = mistakeOf(error);
    if (reason.includes("maxDepth")) {
      report("too-deep", `nested deeper than ${LOAD_LIMITS.depthMax}`, [at, at + 1]);
    } else onSyntax(reason, [at, at + 1]);
    return;
  }
  new YamlReader(text, builder, report, onSyntax).read(events);
};

type Collection = "document" | "object" | "array";

class YamlReader {
  private readonly text: string;
  private readonly builder: TreeBuilder;
  private readonly report: TreeReport;
  private readonly onSyntax: (message: string, span: Span) => void;
  private readonly anchors = new Map<string, JsonValue>();
  /** Open collections; of an object, whether a key comes next. */
  private readonly open: { readonly kind: Collection; isKeyNext: boolean }[] = [];
  /** Levels of a key that is a collection, which is left out as a whole. */
  private skipping = 0;
  private documents = 0;

  constructor(
    text: string,
    builder: TreeBuilder,
    report: TreeReport,
    onSyntax: (message: string, span: Span) => void,
  ) {
    this.text = text;
    this.builder = builder;
    this.report = report;
    this.onSyntax = onSyntax;
  }

  read(events: readonly Event[]): void {
    for (const event of events) {
      if (this.builder.stopped) return;
      if (event.type === EVENT_ID.DOCUMENT) {
        this.documents += 1;
        if (this.documents > 1) {
          this.onSyntax("only one document may stand in a file", [this.text.length, this.text.length]);
          return;
        }
        this.open.push({ kind: "document", isKeyNext: false });
        continue;
      }
      this.take(event);
    }
  }

  private take(event: Event): void {
    if (this.skipping > 0) {
      if (event.type === EVENT_ID.POP) this.skipping -= 1;
      else if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) this.skipping += 1;
      return;
    }
    const parent = this.open.at(-1);
    const isKey = parent?.kind === "object" && parent.isKeyNext;
    switch (event.type) {
      case EVENT_ID.POP:
        if (this.open.pop()?.kind !== "document") this.builder.close();
        return;
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        const span: Span = [event.start, event.start + 1];
        this.turn();
        if (isKey) {
          this.report("unfit-value", "a key has to be a text here, as in JSON", span);
          this.builder.key("", span);
          this.skipping = 1;
          return;
        }
        this.refuseTag(event.tagStart, event.tagEnd, [STANDARD_TAGS.map, STANDARD_TAGS.seq]);
        const kind = event.type === EVENT_ID.MAPPING ? "object" : "array";
        const container = this.builder.open(kind, span);
        this.open.push({ kind, isKeyNext: kind === "object" });
        if (container !== undefined) this.anchor(event, container as JsonValue);
        return;
      }
      case EVENT_ID.SCALAR: {
        const start = Math.max(event.valueStart, 0);
        const span: Span = [start, Math.max(event.valueEnd, start)];
        this.turn();
        const value = this.scalarOf(event, span);
        this.anchor(event, value);
        if (isKey) this.builder.key(this.keyOf(event, value, span), span);
        else this.builder.scalar(value, span);
        return;
      }
      case EVENT_ID.ALIAS: {
        const name = this.text.slice(event.anchorStart, event.anchorEnd);
        const span: Span = [event.anchorStart - 1, event.anchorEnd];
        this.turn();
        const value = this.anchors.get(name);
        if (value === undefined)
          this.report("unknown-alias", "no anchor of this name stands before it", span);
        if (isKey) this.builder.key(typeof value === "string" ? value : "", span);
        else this.builder.alias(value ?? null, span);
        return;
      }
      default:
        return;
    }
  }

  /** In an object keys and values take turns. */
  private turn(): void {
    const parent = this.open.at(-1);
    if (parent?.kind === "object") parent.isKeyNext = !parent.isKeyNext;
  }

  private anchor(
    event: { readonly anchorStart: number; readonly anchorEnd: number },
    value: JsonValue,
  ): void {
    if (event.anchorStart >= 0) this.anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), value);
  }

  private keyOf(event: Extract<Event, { valueStart: number }>, value: JsonValue, span: Span): string {
    // `200:` is the key "200", which is how everybody writes a response.
    const text = event.valueStart < 0 ? "" : getScalarValue(this.text, event);
    if (text === "<<" && event.style === SCALAR_STYLE.PLAIN) {
      const message = "YAML 1.2 has no merge keys, so `<<` is a key like any other";
      this.report("unfit-value", message, span);
    }
    return typeof value === "string" ? value : text.toWellFormed();
  }

  private scalarOf(
    event: Extract<Event, { valueStart: number }>,
    span: Span,
  ): null | boolean | number | string {
    this.refuseTag(event.tagStart, event.tagEnd, Object.values(STANDARD_TAGS));
    const text = event.valueStart < 0 ? "" : getScalarValue(this.text, event);
    const tag = event.tagStart < 0 ? "" : this.text.slice(event.tagStart, event.tagEnd);
    if (!isWellFormed(text)) this.report("unfit-value", "this text holds half of a surrogate pair", span);
    if (event.style !== SCALAR_STYLE.PLAIN || tag === STANDARD_TAGS.str) return text.toWellFormed();
    const plain = plainScalar(text);
    if (plain.k === "value") return plain.value;
    this.report("unfit-value", "JSON has no such number", span);
    return text;
  }

  private refuseTag(start: number, end: number, allowed: readonly string[]): void {
    if (start < 0 || allowed.includes(this.text.slice(start, end))) return;
    this.report("unfit-value", "this tag says a type that JSON does not have", [start, end]);
  }
}

const STANDARD_TAGS = {
  map: "!!map",
  seq: "!!seq",
  str: "!!str",
  int: "!!int",
  float: "!!float",
  bool: "!!bool",
  null: "!!null",
} as const;

const mistakeOf = (error: unknown): { readonly reason: string; readonly at: number } => {
  const { reason, mark } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly reason?: unknown;
    readonly mark?: { readonly position?: unknown };
  };
  return {
    reason: typeof reason === "string" ? reason : "this is not YAML",
    at: typeof mark?.position === "number" ? mark.position : 0,
  };
};
