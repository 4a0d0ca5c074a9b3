import { concatBytes } from "#kernel/bytes.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";
import type { LogSource } from "./source.ts";

/** Bytes read at a time. */
const WINDOW_BYTES = 1024 * 1024;

const LINE_FEED = 0x0a;

/** A file read from front to back through one window. */
export class ByteStream {
  private readonly source: LogSource;
  private readonly file: string;
  /** Bytes of the window that were not taken yet, and where in the file the window ends. */
  private window: Uint8Array = new Uint8Array();
  private windowEnd = 0;
  private readonly limit: number;

  /** Nothing at or behind `limitBytes` is read. */
  constructor(source: LogSource, file: string, limitBytes: number) {
    this.source = source;
    this.file = file;
    this.limit = limitBytes;
  }

  /** The next `count` bytes if the window holds them: the usual case, without waiting. */
  takeBuffered(count: number): Uint8Array | undefined {
    if (this.window.length < count) return undefined;
    const taken = this.window.subarray(0, count);
    this.window = this.window.subarray(count);
    return taken;
  }

  /** The next `count` bytes, fewer at the end of the file. */
  async take(count: number): Promise<Result<Uint8Array, Fault<string>>> {
    while (this.window.length < count) {
      const more = await this.fill(Math.max(WINDOW_BYTES, count - this.window.length));
      if (!more.ok) return more;
      if (!more.value) break;
    }
    return ok(this.takeBuffered(Math.min(count, this.window.length)) ?? new Uint8Array());
  }

  /**
   * The next lines that end in this window, without their line feeds; none when there are none left.
   * Of a line that is too long only so much is kept that this can be seen.
   */
  async lines(): Promise<Result<readonly Uint8Array[], Fault<string>>> {
    for (;;) {
      const lines: Uint8Array[] = [];
      for (let to = this.window.indexOf(LINE_FEED); to !== -1; to = this.window.indexOf(LINE_FEED)) {
        lines.push(this.window.subarray(0, to));
        this.window = this.window.subarray(to + 1);
      }
      if (lines.length > 0) return ok(lines);
      if (this.window.length > KEPT_BYTES) this.window = this.window.slice(0, KEPT_BYTES);
      const more = await this.fill(WINDOW_BYTES);
      if (!more.ok) return more;
      if (!more.value) return ok([]);
    }
  }

  /** Whether bytes are left. After `lines` came to an end these are a torn line. */
  async hasRest(): Promise<Result<boolean, Fault<string>>> {
    if (this.window.length > 0) return ok(true);
    return this.fill(1);
  }

  /** Reads on; false at the end. */
  private async fill(bytes: number): Promise<Result<boolean, Fault<string>>> {
    const wanted = Math.min(bytes, this.limit - this.windowEnd);
    if (wanted <= 0) return ok(false);
    const read = await this.source.read(this.file, this.windowEnd, wanted);
    if (!read.ok) return read;
    this.windowEnd += read.value.length;
    this.window = this.window.length === 0 ? read.value : concatBytes(this.window, read.value);
    return ok(read.value.length > 0);
  }
}

/** One more than a line may have: enough to tell that it has too many. */
const KEPT_BYTES = LEDGER_LINE_BYTES_MAX + 1;
