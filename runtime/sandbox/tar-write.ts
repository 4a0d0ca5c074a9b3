import { concatBytes, utf8 } from "#kernel/bytes.ts";

/** A file for an archive: its name stands in it as given, and whoever makes names keeps them harmless. */
export interface TarFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** A folder or a symbolic link for an archive. */
export type TarPlace =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export const TAR_BLOCK_BYTES = 512;

/** Longest name that fits into a header, in bytes. */
const NAME_BYTES_MAX = 100;

/**
 * An archive of regular files in the form of POSIX.1-1988 (`ustar`), owned by root and of no age, so that
 * equal files make equal archives. A longer name stands before its file in a record of its own (type `L`,
 * as GNU tar and busybox write and read it).
 */
export const writeTar = (
  files: Iterable<TarFile>,
  places: Iterable<TarPlace> = [],
): Uint8Array<ArrayBuffer> => {
  const parts: Uint8Array[] = [];
  for (const place of places) {
    const type = place.kind === "folder" ? "5" : "2";
    parts.push(
      header({
        name: utf8(place.path),
        type,
        mode: 0o755,
        sizeBytes: 0,
        target: place.kind === "link" ? place.target : "",
      }),
    );
  }
  for (const { path, bytes, executable } of files) {
    const name = utf8(path);
    if (name.length > NAME_BYTES_MAX) {
      const long = concatBytes(name, new Uint8Array(1));
      parts.push(header({ name: utf8("././@LongLink"), type: "L", mode: 0o644, sizeBytes: long.length }));
      parts.push(...padded(long));
    }
    const mode = executable ? 0o755 : 0o644;
    parts.push(header({ name: name.subarray(0, NAME_BYTES_MAX), type: "0", mode, sizeBytes: bytes.length }));
    parts.push(...padded(bytes));
  }
  return concatBytes(...parts, new Uint8Array(2 * TAR_BLOCK_BYTES));
};

interface Header {
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly target?: string;
}

const header = ({ name, type, mode, sizeBytes, target = "" }: Header): Uint8Array => {
  const block = new Uint8Array(TAR_BLOCK_BYTES);
  block.set(name, 0);
  block.set(utf8(octal(mode, 7)), 100);
  block.set(utf8(octal(0, 7)), 108);
  block.set(utf8(octal(0, 7)), 116);
  block.set(utf8(octal(sizeBytes, 11)), 124);
  block.set(utf8(octal(0, 11)), 136);
  block.set(utf8(" ".repeat(8)), 148);
  block.set(utf8(type), 156);
  block.set(utf8(target).subarray(0, NAME_BYTES_MAX), 157);
  block.set(utf8("ustar\u000000"), 257);
  block.set(utf8(`${octal(checksum(block), 6)}\0 `), 148);
  return block;
};

/** The sum of a header's bytes, with its own eight counted as spaces. */
export const checksum = (block: Uint8Array): number => {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
};

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");

const padded = (bytes: Uint8Array): readonly Uint8Array[] => {
  const rest = bytes.length % TAR_BLOCK_BYTES;
  return rest === 0 ? [bytes] : [bytes, new Uint8Array(TAR_BLOCK_BYTES - rest)];
};
