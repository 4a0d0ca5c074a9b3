import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { askBoth } from "./both-verifiers.ts";
import { pageCases } from "./page-cases/all-cases.ts";
import { readVectorLog, readVectors } from "./second-verifier/vectors.ts";

/** Two verifiers, one specification: they say the same of every vector and of every case of the page. */

const vectors = await readVectors();

describe("vectors", () => {
  verifies("ledger.beyond.inclusion-proofs");

  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const { first, second } = await askBoth(await readVectorLog(vector));
    expect(first).toEqual(second);
    expect(first.fault === null).toBe(vector.expected.fault === null);
  });
});

describe.each(Object.entries(pageCases))("%s", (_, cases) => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_, { log, expected }) => {
    const { first, second } = await askBoth(log());
    expect(first).toEqual(second);
    expect(first.fault === null).toBe(expected === null);
  });
});
