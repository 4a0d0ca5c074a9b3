import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { LoadedPolicies } from "#policy/loaded-policies.ts";
import type { Decider } from "#ports/decider.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, loadPolicies } from "#test/kit/policy-engine.ts";
import { READER, asking, calling, onRun, publishing } from "#test/kit/policy-requests.ts";

const { signal } = new AbortController();
let decider: Decider;
let policies: LoadedPolicies;
beforeAll(async () => {
  decider = inProcessCedar();
  policies = await loadPolicies(decider, [
    { ...agentFile("permit (principal, action, resource);"), inputs: [{ name: "topic", type: "string" }] },
  ]);
});
afterAll(() => decider.close());

const request = fc
  .constantFrom(
    calling("read_file", { path: "a" }, { context: { inputs: { topic: "x" }, labels: ["a", "b"] } }),
    calling(
      "list_files",
      {},
      {
        ancestors: [{ type: "Agent", id: READER }],
        onBehalfOf: { kind: "agent", id: READER },
      },
    ),
    publishing("docs/a.md"),
    onRun("allocate", {
      resource: { type: "Run", id: "run", attributes: { within_profile: true, tokens: 5 } },
    }),
    asking(true),
  )
  .map((one) => structuredClone(one) as unknown as JsonObject);

/** The places in a request, as paths of names and indexes; the request itself is the empty one. */
const placesIn = (value: JsonValue): readonly (readonly string[])[] => [
  [],
  ...(typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((rest) => [key, ...rest]))
    : []),
];

/** A copy with another value at a place, or without it. */
const changedAt = (
  value: JsonValue,
  [key, ...rest]: readonly string[],
  to: JsonValue | undefined,
): unknown => {
  if (key === undefined) return to;
  const copy = (
    Array.isArray(value) ? [...(value as readonly JsonValue[])] : { ...(value as JsonObject) }
  ) as Record<string, unknown>;
  const changed = changedAt((value as JsonObject)[key] ?? null, rest, to);
  if (changed === undefined) delete copy[key];
  else copy[key] = changed;
  return copy;
};

/** Names and values that mean something elsewhere come often. */
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, "", "agent", "Agent", "tool_call", READER, -1, 1.5, 2 ** 53, true, [], {}),
  fc.jsonValue() as fc.Arbitrary<JsonValue>,
);

test("whatever a request is, it is decided, and one that is not of the format is unknown", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(request, fc.nat(), fc.option(value, { nil: undefined }), async (whole, at, to) => {
      const places = placesIn(whole);
      const place = places[at % places.length] ?? [];
      const changed = changedAt(whole, place, to);
      const decision = await policies.decide(changed as PolicyRequest, signal);
      const explained = await policies.explain(changed as PolicyRequest, signal);
      expect(explained.decision).toEqual(decision);
      // A member that is gone is missed wherever members are counted.
      const isOptional = ["attributes", "inputs", "arguments"].includes(place.at(-2) ?? "");
      if (to === undefined && !isOptional && !place.some((part) => /^[0-9]+$/.test(part))) {
        expect(decision.denyReason).toBe("unknown");
      }
      if (decision.denyReason === "unknown") refused += 1;
    }),
    { numRuns: caseCount(2_000) },
  );
  expect(refused).toBeGreaterThan(500);
});

test("a member more, wherever members are counted, is unknown", async () => {
  await fc.assert(
    fc.asyncProperty(request, fc.nat(), fc.string(), value, async (whole, at, name, more) => {
      const places = placesIn(whole).filter((place) => {
        const found = place.reduce<JsonValue>((inner, key) => (inner as JsonObject)[key] ?? null, whole);
        return isJsonObject(found) && !["inputs", "arguments"].includes(place.at(-1) ?? "");
      });
      const place = places[at % places.length] ?? [];
      fc.pre(
        !placesIn(whole).some((other) => other.join("/") === [...place, name].join("/")) &&
          name !== "__proto__",
      );
      fc.pre(place.at(-1) !== "attributes" || !KNOWN_ATTRIBUTES.has(name));
      const decision = await policies.decide(
        changedAt(whole, [...place, name], more) as PolicyRequest,
        signal,
      );
      expect(decision.denyReason).toBe("unknown");
    }),
    { numRuns: caseCount(500) },
  );
});

const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set(["labels", "name", "path"]);
