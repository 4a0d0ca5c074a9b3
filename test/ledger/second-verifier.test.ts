import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verifyLog } from "./second-verifier.ts";
import type { JsonValue } from "./second-verifier/canonical-json.ts";
import { logOfFolder, readLogFolder } from "./second-verifier/folder.ts";
import type { Part } from "./second-verifier/sealed.ts";
import { batchRoot, openContent, partsOf, scopeKeys } from "./second-verifier/sealed.ts";
import type { Vector } from "./second-verifier/vectors.ts";
import { readVectorLog, readVectors, vectorFolder } from "./second-verifier/vectors.ts";

/** What the verifier that was written from the page says of every vector is what the vectors expect. */

const vectors = await readVectors();
const good = vectors.filter((vector) => vector.expected.fault === null);

describe("every vector is as the page says", () => {
  test("there are good logs and bad ones", () => {
    expect(good.length).toBeGreaterThanOrEqual(10);
    expect(vectors.length - good.length).toBeGreaterThanOrEqual(80);
  });

  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const verdict = verifyLog(await readVectorLog(vector));
    const { fault, level, ...counts } = vector.expected;
    expect(verdict.faults[0] ?? null).toEqual(fault);
    expect(verdict).toMatchObject({ ...counts, level: level ?? null });
  });
});

test("a copy under another name is the log that its first line names", async () => {
  const [plain, other] = good;
  if (plain === undefined || other === undefined) throw new Error("there are no vectors");
  const place = await mkdtemp(join(tmpdir(), "ledger-"));
  try {
    for (const [name, fault] of [
      [plain.log, null],
      ["copy", null],
      [other.log, { kind: "wrong-log", index: 0 }],
    ] as const) {
      const folder = join(place, name);
      await cp(vectorFolder(plain), folder, { recursive: true });
      const log = logOfFolder(folder);
      const verdict = verifyLog({
        files: await readLogFolder(folder),
        ...(log === undefined ? {} : { log }),
      });
      expect(verdict.faults[0] ?? null).toEqual(fault);
    }
  } finally {
    await rm(place, { recursive: true });
  }
});

test("a folder that is not there has no files", async () => {
  expect(await readLogFolder(join(tmpdir(), "no such ledger"))).toEqual(new Map());
});

describe("what only the holder of a scope key can read", () => {
  test.each(good.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const parts = partsOf((await readVectorLog(vector)).files);
    const opened: Record<string, Record<string, JsonValue>> = {};
    for (const part of parts) {
      const content = open(vector, part);
      if (content !== undefined) (opened[part.entry.id] ??= {})[part.reference.name] = content.value;
    }
    expect(opened).toEqual(vector.plain);
  });

  test("no part opens with the key of another scope", async () => {
    for (const vector of good) {
      for (const part of partsOf((await readVectorLog(vector)).files)) {
        const keys = scopeKeys(part.reference.scope, new Uint8Array(32));
        expect(
          openContent(keys, part.entry, part.reference, part.sealed ?? new Uint8Array(0)),
        ).toBeUndefined();
      }
    }
  });

  test("a batch's records have the root that its line states", async () => {
    const batches = good.map(async (vector) => {
      const parts = partsOf((await readVectorLog(vector)).files);
      const records = parts.filter(({ entry }) => entry.type === "batch.recorded");
      return records.map((part) => ({
        part,
        keys: keysFor(vector, part),
        records: open(vector, part)?.value,
      }));
    });
    const found = (await Promise.all(batches)).flat();
    expect(found.length).toBeGreaterThan(0);
    for (const { part, keys, records } of found) {
      const { kind, first, last, count, root } = part.entry.public;
      const list = records as readonly JsonValue[];
      expect(list).toHaveLength(count as number);
      expect(last).toBe((first as number) + list.length - 1);
      expect(batchRoot(keys ?? never(), kind as string, first as number, list)).toBe(root);
    }
  });
});

const keysFor = (vector: Vector, { reference: { scope } }: Part) => {
  const secret = vector.scopes[scope];
  return secret === undefined ? undefined : scopeKeys(scope, Buffer.from(secret, "hex"));
};

const open = (vector: Vector, part: Part) => {
  const keys = keysFor(vector, part);
  if (keys === undefined || part.sealed === undefined) return undefined;
  return openContent(keys, part.entry, part.reference, part.sealed);
};

const never = (): never => {
  throw new Error("the vector has no key for this scope");
};
