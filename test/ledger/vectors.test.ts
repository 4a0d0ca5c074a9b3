import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromBase64, fromHex, toHex, utf8 } from "#kernel/bytes.ts";
import type { EntryId, LogId, ScopeId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { deriveScopeKeys, openPart } from "#ledger/sealing.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import type { ContentReference, VerificationFault } from "#protocol/ledger-entry.ts";
import { sourceOf } from "#test/kit/ledger-sources.ts";
import { verifies } from "#test/kit/verifies.ts";
import { linesOf, parse } from "./forge.ts";
import { ledgerVectors } from "./vectors.ts";
import { nodeCrypto, valueOf } from "./world.ts";

const folder = fileURLToPath(new URL("../vectors/ledger/", import.meta.url));

/** Files below a folder by path; a folder that is not there has none. */
const filesBelow = (path: string): ReadonlyMap<string, Uint8Array> => {
  if (!statSync(path, { throwIfNoEntry: false })) return new Map();
  const found = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    found.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [relative(path, file), new Uint8Array(readFileSync(file))];
    }),
  );
};

interface Vector {
  readonly name: string;
  readonly path: string;
  readonly log: LogId;
  readonly publicKey: string;
  readonly anchor: string | null;
  readonly live: boolean;
  readonly expected: {
    readonly lines?: number;
    readonly commits?: number;
    readonly level?: string;
    readonly fault: { readonly kind: VerificationFault; readonly index: number } | null;
  };
  readonly scopes: Readonly<Record<string, string>>;
  readonly plain: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
}

const readJsonFile = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
const vectors = readJsonFile("vectors.json") as readonly Vector[];

describe("the ledger's vectors", () => {
  test("are what this writer makes today (node test/ledger/write-vectors.ts)", async () => {
    const made = await ledgerVectors();
    const committed = filesBelow(folder);
    expect([...committed.keys()].sort()).toEqual([...made.keys()].sort());
    for (const [path, bytes] of made)
      expect(Buffer.compare(committed.get(path) ?? bytes, bytes), path).toBe(0);
  });

  test.each(vectors)("$name verifies as it says", async (vector) => {
    verifies("ledger.event.fields", "ledger.hash-chain", "ledger.signatures");
    const { report } = valueOf(
      await verifyLog(
        sourceOf(filesBelow(join(folder, vector.path, vector.log))),
        nodeCrypto,
        {
          log: vector.log,
          pinnedKey: vector.publicKey,
          anchor: vector.anchor === null ? null : new Uint8Array(readFileSync(join(folder, vector.anchor))),
          live: vector.live,
        },
        new AbortController().signal,
      ),
    );
    const [first] = report.faults;
    const { expected } = vector;
    expect(first === undefined ? null : { kind: first.kind, index: first.index }).toEqual(expected.fault);
    if (expected.fault === null) {
      const { lines, commits, level } = report;
      expect({ lines, commits, level, fault: null }).toEqual(expected);
    }
  });

  test.each(vectors.filter((vector) => Object.keys(vector.plain).length > 0))(
    "content of $name opens to what was sealed, and only that",
    (vector) => {
      const files = new Map(filesBelow(join(folder, vector.path, vector.log)));
      const opened: Record<string, Record<string, JsonValue>> = {};
      const offsets = new Map<string, number>();
      for (const { file, text } of linesOf(files)) {
        const entry = parse(text);
        const contentFile = file.replace("jsonl", "content");
        for (const reference of entry["content"] as unknown as ContentReference[]) {
          const offset = offsets.get(contentFile) ?? 0;
          offsets.set(contentFile, offset + reference.sealedBytes);
          const sealed = (files.get(contentFile) ?? new Uint8Array()).subarray(
            offset,
            offset + reference.sealedBytes,
          );
          const secret = fromHex(vector.scopes[reference.scope] ?? "");
          if (secret === undefined || secret.length === 0) continue;
          const keys = deriveScopeKeys(nodeCrypto, reference.scope, secret);
          const part = openPart(nodeCrypto, keys, entry["id"] as EntryId, reference, sealed);
          (opened[entry["id"] as string] ??= {})[reference.name] = part?.value ?? "did not open";
        }
      }
      expect(opened).toEqual(vector.plain);
    },
  );

  test("name every sample and every fault once", () => {
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    expect(vectors.length).toBeGreaterThan(90);
  });
});

describe("the ledger's single steps", () => {
  interface Primitives {
    readonly part: {
      readonly entry: EntryId;
      readonly value: JsonValue;
      readonly reference: ContentReference;
      readonly sealedBase64: string;
    };
    readonly scope: { readonly scope: ScopeId; readonly secret: string };
    readonly line: {
      readonly line: string;
      readonly hashed: string;
      readonly hash: string;
      readonly leaf: string;
    };
    readonly commit: { readonly signed: string; readonly publicKey: string; readonly signature: string };
  }
  const steps = readJsonFile("primitives.json") as Primitives;
  const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

  test("a line's hash and leaf", () => {
    expect(toHex(nodeCrypto.sha256(utf8(steps.line.hashed)))).toBe(steps.line.hash);
    expect(toHex(nodeCrypto.sha256(Uint8Array.of(0), utf8(steps.line.line)))).toBe(steps.line.leaf);
  });

  test("the worked example of the format page is one of them", () => {
    const page = readFileSync(new URL("../../docs/formats/ledger.md", import.meta.url), "utf8");
    const example = page.slice(page.indexOf("## 17.")).split("```")[1]?.replaceAll("\n", "");
    expect(example).toBe(steps.line.line);
    expect(page).toContain(`\`${steps.line.leaf.slice(0, 16)}…\``);
    expect(page).toContain(steps.commit.publicKey);
  });

  test("a commit's signature", () => {
    const signature = fromBase64(steps.commit.signature) ?? new Uint8Array();
    expect(nodeCrypto.verify(bytes(steps.commit.publicKey), utf8(steps.commit.signed), signature)).toBe(true);
  });

  test("a sealed part", () => {
    const keys = deriveScopeKeys(nodeCrypto, steps.scope.scope, bytes(steps.scope.secret));
    const sealed = fromBase64(steps.part.sealedBase64) ?? new Uint8Array();
    const opened = openPart(nodeCrypto, keys, steps.part.entry, steps.part.reference, sealed);
    expect(opened?.value).toEqual(steps.part.value);
  });
});
