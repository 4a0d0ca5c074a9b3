import { execFileSync } from "node:child_process";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { concatBytes, utf8 } from "#kernel/bytes.ts";
import { readTar } from "#sandbox/tar-read.ts";
import { checksum, writeTar } from "#sandbox/tar-write.ts";
import { caseCount } from "#test/kit/cases.ts";

const LIMITS = { entriesMax: 8 };

const file = (path: string, text = "", executable = false) => ({ path, bytes: utf8(text), executable });

/** A header with one field written over, its sum right again. */
const altered = (archive: Uint8Array, at: number, bytes: Uint8Array): Uint8Array => {
  const changed = archive.slice();
  changed.set(bytes, at);
  const block = changed.subarray(0, 512);
  changed.set(utf8(`${checksum(block).toString(8).padStart(6, "0")}\0 `), 148);
  return changed;
};

const whyNot = (archive: Uint8Array): string => {
  const read = readTar(archive, LIMITS);
  return read.ok ? "read" : read.fault;
};

describe("an archive", () => {
  test("of any files is read as it was written", () => {
    const names = fc
      .string({ unit: "binary", minLength: 1, maxLength: 400 })
      .filter((name) => !name.includes("\0") && name.isWellFormed());
    const files = fc.array(
      fc.record({ path: names, bytes: fc.uint8Array({ maxLength: 1_100 }), executable: fc.boolean() }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(files, (written) => {
        const read = readTar(writeTar(written), LIMITS);
        expect(read).toEqual({ ok: true, value: written.map(({ path, bytes }) => ({ path, bytes })) });
      }),
      { numRuns: caseCount(40) },
    );
  });

  test("is what the system's tar reads too, with modes", () => {
    const long = `${"folder/".repeat(30)}ä.txt`;
    const listed = execFileSync("tar", ["-tv", "--utc", "-f", "-"], {
      input: writeTar(
        [file("a.sh", "x", true), file(long, "yz")],
        [
          { kind: "link", path: "b", target: "a.sh" },
          { kind: "folder", path: "c" },
        ],
      ),
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    const lines = listed
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ +/g, " "));
    expect(lines).toEqual([
      "lrwxr-xr-x 0/0 0 1970-01-01 00:00 b -> a.sh",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 c",
      "-rwxr-xr-x 0/0 1 1970-01-01 00:00 a.sh",
      `-rw-r--r-- 0/0 2 1970-01-01 00:00 ${long}`,
    ]);
  });

  test("of any bytes is read or refused, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_048 }), (bytes) => {
        expect(typeof readTar(bytes, LIMITS).ok).toBe("boolean");
      }),
    );
  });

  test("with any one byte changed gives no bytes but its own", () => {
    const archive = writeTar([file("a", "1".repeat(600)), file("b", "2")]);
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.nat(255), (at, byte) => {
        const changed = archive.slice();
        changed[at] = byte;
        const read = readTar(changed, LIMITS);
        const total = read.ok ? read.value.reduce((sum, { bytes }) => sum + bytes.length, 0) : 0;
        expect(total).toBeLessThanOrEqual(601);
      }),
    );
  });
});

describe("an archive is refused that", () => {
  const one = writeTar([file("a", "1")]);
  test.each<readonly [string, Uint8Array, string]>([
    ["is empty", new Uint8Array(), "ends too early"],
    ["has no end", one.subarray(0, 1024), "ends too early"],
    ["ends inside a file", one.subarray(0, 512), "ends too early"],
    ["goes on after its end", concatBytes(one, utf8("x")), "goes on after its end"],
    ["has a wrong sum", concatBytes(utf8("b"), one.subarray(1)), "wrong sum"],
    ["claims more bytes than there are", altered(one, 124, utf8("77777777777\0")), "ends too early"],
    [
      "has a length in base 256",
      altered(one, 124, Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)),
      "no octal",
    ],
    ["has a negative length", altered(one, 124, utf8("-0000000001\0")), "no octal"],
    ["has a length of no digits", altered(one, 124, utf8("            ")), "no octal"],
    ["has a link", altered(one, 156, utf8("2")), "`a` is a symbolic link, which a run cannot keep"],
    ["has a hard link", altered(one, 156, utf8("1")), "second name"],
    ["has a character device", altered(one, 156, utf8("3")), "a device"],
    ["has a block device", altered(one, 156, utf8("4")), "a device"],
    ["has a pipe", altered(one, 156, utf8("6")), "a pipe"],
    ["has a sparse file", altered(one, 156, utf8("S")), "no regular file"],
    ["has a pax record", altered(one, 156, utf8("x")), "no regular file"],
    ["has a global pax record", altered(one, 156, utf8("g")), "no regular file"],
    ["has a long link", altered(one, 156, utf8("K")), "no regular file"],
    ["has a folder with content", altered(one, 156, utf8("5")), "folder with content"],
    ["has a name in two parts", altered(one, 345, utf8("x")), "two parts"],
    ["has no name", altered(one, 0, new Uint8Array(100)), "not UTF-8"],
    ["has a name that is no text", altered(one, 0, Uint8Array.of(0xff)), "not UTF-8"],
    ["has a name that is longer than any", writeTar([file("x".repeat(4096))]), "too long"],
    [
      "has a name and no file",
      concatBytes(altered(one, 156, utf8("L")).subarray(0, 1024), new Uint8Array(1024)),
      "after a name",
    ],
    [
      "has more files than allowed",
      writeTar(Array.from({ length: 9 }, (_, index) => file(`f${index}`))),
      "more than 8",
    ],
  ])("%s", (_, archive, said) => {
    expect(whyNot(archive)).toContain(said);
  });

  test("says a hostile name only as visible text", () => {
    const link = altered(writeTar([file("a\u001b[2J\u202e")]), 156, utf8("2"));
    expect(whyNot(link)).not.toMatch(/[\u001b\u202e]/u);
  });
});
