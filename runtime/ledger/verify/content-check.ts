import { toHex } from "#kernel/bytes.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { ContentReference } from "#protocol/ledger-entry.ts";
import type { AsideFile } from "#protocol/ledger-line.ts";
import { ByteStream } from "./byte-stream.ts";
import type { LogSource, SourceFile, VerifierCrypto } from "./source.ts";

/** Reads a segment's sealed content beside its lines: row 14 of section 12. */
export class ContentCheck {
  /** Parts whose bytes were compared. */
  parts = 0;
  private readonly stream: ByteStream;
  private readonly crypto: VerifierCrypto;
  /** Once a line could not be read it is unknown where the parts of the next ones lie. */
  private lost = false;

  constructor(source: LogSource, crypto: VerifierCrypto, file: string, limitBytes: number) {
    this.stream = new ByteStream(source, file, limitBytes);
    this.crypto = crypto;
  }

  losePlace(): void {
    this.lost = true;
  }

  /** Compares the parts of the next line; what is wrong with the first bad one. */
  async check(references: readonly ContentReference[]): Promise<Result<string | undefined, Fault<string>>> {
    let wrong: string | undefined;
    for (const { name, sealed, sealedBytes } of references) {
      if (this.lost) break;
      const buffered = this.stream.takeBuffered(sealedBytes);
      const bytes = buffered === undefined ? await this.stream.take(sealedBytes) : ok(buffered);
      if (!bytes.ok) return bytes;
      this.parts += 1;
      if (bytes.value.length < sealedBytes) wrong ??= `the sealed part \`${name}\` is missing or cut short`;
      else if (toHex(this.crypto.sha256(bytes.value)) !== sealed)
        wrong ??= `the sealed part \`${name}\` was changed`;
    }
    return ok(wrong);
  }

  /** Whether bytes are left that no line referred to. */
  async hasRest(): Promise<Result<boolean, Fault<string>>> {
    return this.lost ? ok(false) : this.stream.hasRest();
  }
}

/** Compares what a recovery says that it set aside with what lies there; what is wrong with the first bad file. */
export const checkAside = async (
  source: LogSource,
  crypto: VerifierCrypto,
  files: readonly SourceFile[],
  aside: readonly AsideFile[],
): Promise<Result<string | undefined, Fault<string>>> => {
  for (const { file, bytes, digest } of aside) {
    if (files.find(({ name }) => name === file)?.sizeBytes !== bytes) {
      return ok(`the aside file ${file} is missing or has another length`);
    }
    const read = await source.read(file, 0, bytes);
    if (!read.ok) return read;
    if (toHex(crypto.sha256(read.value)) !== digest) return ok(`the aside file ${file} was changed`);
  }
  return ok(undefined);
};
