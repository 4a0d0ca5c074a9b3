import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { MachineState } from "#agent/body/state.ts";
import { caseCount } from "#test/kit/cases.ts";
import { bodies, calmBodies, calmFunctions, functions } from "./arbitrary-body.ts";
import { parameter } from "./ir.ts";
import type { BodyProgram, BodyRun } from "./run-body.ts";
import { runBody } from "./run-body.ts";

/** Small, so that bodies without an end and bodies that grow reach them soon. */
const limits = {
  stepsMax: 2_000,
  stringLengthMax: 200,
  itemsMax: 50,
  depthMax: 8,
  valueBytesMax: 4_000,
  heldBytesMax: 20_000,
};

const around = {
  limits,
  parameters: [parameter("p", "secret")],
  inputs: { p: "x" },
  world: (event) => ({
    value: event.k === "tool-wanted" ? event.arguments : { response: "r" },
    labels: ["w"],
  }),
} satisfies Partial<BodyProgram>;

const wild: fc.Arbitrary<BodyProgram> = fc
  .tuple(bodies, functions, functions)
  .map(([body, own, shared]) => ({ ...around, body, functions: own, shared }));

const calm: fc.Arbitrary<BodyProgram> = fc
  .tuple(calmBodies, calmFunctions)
  .map(([body, own]) => ({ ...around, body, functions: own }));

const throughText = (state: MachineState): MachineState => JSON.parse(JSON.stringify(state)) as MachineState;

/** A run as its canonical text; what cannot be written so is no JSON, and fails the test. */
const written = (run: BodyRun): string => canonicalJson(run as unknown as JsonValue);

describe.each([
  ["any tree whatever", wild],
  ["bodies whose operations fit their values", calm],
])("%s", (_what, programs) => {
  test("ends with a value or a reason, and never throws", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { end, steps } = runBody(program);
        expect(["returned", "failed"]).toContain(end.k);
        // The last instruction may cost more than one step, but no more than its values are large.
        expect(steps).toBeLessThan(limits.stepsMax + 1_000);
      }),
      { numRuns: caseCount(1_000) },
    );
  });

  test("does the same twice", () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(written(runBody(program))).toBe(written(runBody(program)));
      }),
      { numRuns: caseCount(300) },
    );
  });

  test.each([
    [1, 400, 100],
    [37, limits.stepsMax, 200],
  ])("written out and read back after every %i steps it does the same", (sliceSteps, stepsMax, numRuns) => {
    fc.assert(
      fc.property(programs, (program) => {
        const short = { ...program, limits: { ...limits, stepsMax } };
        const stopping = { ...short, sliceSteps, between: throughText };
        expect(written(runBody(stopping))).toBe(written(runBody(short)));
      }),
      { numRuns: caseCount(numRuns) },
    );
  });
});

test("most bodies whose operations fit their values run to their end", () => {
  const ends = fc.sample(calm, { numRuns: caseCount(200), seed: 7 }).map((program) => runBody(program).end);
  const codes = ends.map((end) => (end.k === "failed" ? end.fault.code : end.k));
  expect(codes.filter((code) => code === "returned").length).toBeGreaterThan(100);
  // What else can happen to them: a bound, or numbers that grow too large.
  expect([...new Set(codes)].sort()).toEqual(expect.arrayContaining(["BODY_BOUND", "returned"]));
  expect(codes.filter((code) => code === "BODY_MALFORMED" || code === "BODY_KIND")).toEqual([]);
});
