import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import { askBoth } from "./both-verifiers.ts";
import { pageCases } from "./page-cases/all-cases.ts";
import type { PageCase } from "./page-cases/page-case.ts";
import { readVectorLog, readVectors } from "./second-verifier/vectors.ts";

/** Two verifiers, one specification: they say the same of every vector and of every case of the page. */

const vectors = await readVectors();

/** Cases in which the product's verifier does not say what the page says. */
const OPEN: readonly string[] = ['malformed: "65 levels, hidden behind the same name"'];
const isOpen = ([name]: readonly [string, PageCase]): boolean => OPEN.includes(name);

describe("vectors", () => {
  verifies("ledger.beyond.inclusion-proofs");

  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const { first, second } = await askBoth(await readVectorLog(vector));
    expect(first).toEqual(second);
    expect(first.fault === null).toBe(vector.expected.fault === null);
  });
});

describe.each(Object.entries(pageCases))("%s", (_, cases) => {
  // What others saw is put together by whoever verifies a whole ledger, above these two.
  const asked = cases.filter(({ log }) => log().seen === undefined).map((one) => [one.name, one] as const);
  const [open, settled] = [asked.filter(isOpen), asked.filter((one) => !isOpen(one))];

  test.each(settled)("%s", async (_, { log, expected }) => {
    const { first, second } = await askBoth(log());
    expect(first).toEqual(second);
    expect(first.fault === null).toBe(expected === null);
  });

  test.fails.each(open)("%s", async (_, { log }) => {
    const { first, second } = await askBoth(log());
    expect(first).toEqual(second);
  });
});
