import type { JsonValue } from "#kernel/json.ts";
import type { Span } from "#protocol/source.ts";

import { LOAD_LIMITS } from "./limits.ts";

/** What can be wrong with a document while its values are put together. */
export type TreeTrouble = "too-many-values" | "too-deep" | "duplicate-key" | "unfit-value" | "unknown-alias";

export type TreeReport = (trouble: TreeTrouble, message: string, span: Span) => void;

/** The places of an object's members (their keys) or an array's items, by key or index. */
export type Places = { readonly [key: string]: Span };

export interface Tree {
  readonly value: JsonValue;
  readonly rootSpan: Span;
  /** Absent for scalars; an object that several aliases name has the places of its anchor. */
  readonly places: ReadonlyMap<object, Places>;
}

interface Frame {
  readonly container: JsonValue[] | Record<string, JsonValue>;
  readonly places: Record<string, Span>;
  key: { readonly text: string; readonly span: Span } | undefined;
  /** Values inside, this one included, with aliases counted in full. */
  count: number;
}

/**
 * Puts values and their places together from the events of a parser, so that the two cannot disagree.
 * Objects have no prototype, so no key is special. Values are bounded as if every alias were written
 * out: what walks the tree later is then bounded too.
 */
export class TreeBuilder {
  private readonly report: TreeReport;
  private readonly frames: Frame[] = [];
  private readonly places = new Map<object, Places>();
  private readonly counts = new Map<object, number>();
  private root: { value: JsonValue; span: Span } | undefined;
  private total = 0;
  private isOver = false;

  constructor(report: TreeReport) {
    this.report = report;
  }

  /** Whether a bound was met: nothing more is taken, and the parser need not go on. */
  get stopped(): boolean {
    return this.isOver;
  }

  /** The next value belongs to this key. */
  key(text: string, span: Span): void {
    const frame = this.frames.at(-1);
    if (frame === undefined || this.isOver) return;
    if (Object.hasOwn(frame.container, text)) {
      this.report("duplicate-key", "this key stands twice in one object", span);
    }
    frame.key = { text, span };
  }

  open(kind: "object" | "array", span: Span): object | undefined {
    if (this.isOver) return undefined;
    const container = kind === "array" ? [] : (Object.create(null) as Record<string, JsonValue>);
    if (this.frames.length >= LOAD_LIMITS.depthMax) {
      this.stop("too-deep", `nested deeper than ${LOAD_LIMITS.depthMax}`, span);
      return undefined;
    }
    this.put(container, span, 1);
    const places = Object.create(null) as Record<string, Span>;
    this.places.set(container, places);
    this.frames.push({ container, places, key: undefined, count: 1 });
    return container;
  }

  close(): void {
    if (this.isOver) return;
    const frame = this.frames.pop();
    if (frame === undefined) return;
    this.counts.set(frame.container, frame.count);
    const parent = this.frames.at(-1);
    if (parent !== undefined) parent.count += frame.count;
  }

  scalar(value: null | boolean | number | string, span: Span): void {
    if (this.isOver) return;
    this.put(value, span, 1);
    const frame = this.frames.at(-1);
    if (frame !== undefined) frame.count += 1;
  }

  /** A value that stands elsewhere already. One that is still open contains itself, which JSON cannot say. */
  alias(value: JsonValue, span: Span): void {
    if (this.isOver) return;
    if (this.frames.some(({ container }) => container === value)) {
      this.report("unfit-value", "this alias names what it stands in, so the value would never end", span);
      this.scalar(null, span);
      return;
    }
    const count = typeof value === "object" && value !== null ? (this.counts.get(value) ?? 1) : 1;
    this.put(value, span, count);
    const frame = this.frames.at(-1);
    if (frame !== undefined) frame.count += count;
  }

  /** Undefined when there was no value at all, or a bound was met. */
  finish(): Tree | undefined {
    if (this.root === undefined || this.isOver) return undefined;
    return { value: this.root.value, rootSpan: this.root.span, places: this.places };
  }

  private put(value: JsonValue, span: Span, count: number): void {
    this.total += count;
    if (this.total > LOAD_LIMITS.valuesMax) {
      const limit = LOAD_LIMITS.valuesMax.toLocaleString("en");
      this.stop(
        "too-many-values",
        `the document holds more than ${limit} values with aliases written out`,
        span,
      );
      return;
    }
    const frame = this.frames.at(-1);
    if (frame === undefined) {
      this.root ??= { value, span };
      return;
    }
    if (Array.isArray(frame.container)) {
      frame.places[String(frame.container.length)] = span;
      frame.container.push(value);
      return;
    }
    if (frame.key === undefined) return;
    frame.places[frame.key.text] = frame.key.span;
    frame.container[frame.key.text] = value;
    frame.key = undefined;
  }

  private stop(trouble: TreeTrouble, message: string, span: Span): void {
    this.isOver = true;
    this.report(trouble, message, span);
  }
}
