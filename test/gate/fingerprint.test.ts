import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createFingerprinter, createRunDigest } from "#gate/fingerprint.ts";
import { shortFingerprint } from "#protocol/short-fingerprint.ts";
import { frozenJson } from "#gate/frozen-json.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { toHex, utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { RigPlan } from "./rig.ts";
import { call, calm, createRig } from "./rig.ts";
import type { ProposedCall } from "#gate/contract.ts";
import { caseCount } from "#test/kit/cases.ts";

const crypto = createNodeCrypto();
const key = new Uint8Array(32).fill(1);
const fingerprint = createFingerprinter(crypto, key);

describe("a fingerprint", () => {
  test("is HMAC-SHA256 over domain, a zero byte and canonical JSON", () => {
    const expected = crypto.hmacSha256(key, utf8('writ.gate.call.v1\0{"a":[1,"x"],"b":null}'));
    expect(fingerprint("call", { b: null, a: [1, "x"] })).toBe(toHex(expected));
  });

  test("differs by purpose, by key and from digests of the run's text", () => {
    const other = createFingerprinter(crypto, new Uint8Array(32).fill(2));
    const all = [
      fingerprint("call", 1),
      fingerprint("message", 1),
      other("call", 1),
      createRunDigest(crypto, key)("call", 1),
    ];
    expect(new Set(all).size).toBe(4);
  });

  test("is equal for equal values only", () => {
    const value = fc.jsonValue().map((json) => frozenJson(json, 100) ?? null);
    fc.assert(
      fc.property(value, value, (left, right) => {
        const same = canonicalJson(left) === canonicalJson(right);
        expect(fingerprint("call", left) === fingerprint("call", right)).toBe(same);
      }),
      { numRuns: caseCount(500) },
    );
  });

  test("has a short form for people", () => {
    expect(shortFingerprint("0123456789abcdef")).toBe("0123-4567");
  });
});

describe("the fingerprint of a decided call", () => {
  const recorded = async (plan: RigPlan, proposed: ProposedCall): Promise<unknown> => {
    const rig = createRig(plan);
    await rig.gate.perform(proposed, calm());
    return rig.recorder.ofType("action.decided")[0]?.public["fingerprint"];
  };
  const plain = call("act", { a: 1 });
  const preparing = (changes: object): RigPlan => ({
    tools: {
      act: {
        prepare: async (given) => ({
          ok: true,
          value: {
            tool: "act",
            arguments: given,
            resource: { type: "Tool", id: "act", attributes: {} },
            labels: [],
            preview: null,
            details: {},
            ...changes,
          },
        }),
      },
    },
  });

  test("repeats when nothing differs", async () => {
    expect(await recorded({}, plain)).toBe(await recorded({}, plain));
  });

  test.each<[string, RigPlan, ProposedCall]>([
    ["an argument", {}, call("act", { a: 2 })],
    ["a label", {}, call("act", { a: 1 }, { labels: ["secret"] })],
    ["the turn", {}, call("act", { a: 1 }, { iteration: 2 })],
    ["the tier", { tier: "docker" }, plain],
    ["on whose behalf", { onBehalfOf: { kind: "user", id: "grace" } }, plain],
    ["the run's inputs", { inputs: { topic: "x" } }, plain],
    ["the resource", preparing({ resource: { type: "Tool", id: "act", attributes: { x: 1 } } }), plain],
    ["a detail", preparing({ details: { base: "x" } }), plain],
    ["the preview", preparing({ preview: "x" }), plain],
    ["a label of what it reads", preparing({ labels: ["x"] }), plain],
  ])("differs with %s", async (_, plan, proposed) => {
    expect(await recorded(plan, proposed)).not.toBe(await recorded({}, plain));
  });

  test("differs between two equal calls of one run", async () => {
    const rig = createRig();
    await rig.gate.performAll([plain, plain], calm());
    const prints = rig.recorder.ofType("action.decided").map((entry) => entry.public["fingerprint"]);
    expect(new Set(prints).size).toBe(2);
  });
});

describe("frozen JSON", () => {
  class Thing {
    readonly name = "thing";
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["a member that is undefined", { a: undefined }],
    ["a hole", Array<number>(2)],
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a big integer", 1n],
    ["infinity", Infinity],
    ["half a character", "\ud800"],
    ["half a character in a key", { "\ud800": 1 }],
    ["a date", new Date(0)],
    ["an instance", new Thing()],
    ["a map", new Map()],
    ["bytes", new Uint8Array(1)],
    ["a cycle", cycle],
  ])("is not %s", (_, value) => {
    expect(frozenJson(value, 8)).toBe(undefined);
  });

  test("is equal to what it copies, and shares nothing with it", () => {
    const frozenThroughout = (value: JsonValue): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozenThroughout));
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const copy = frozenJson(json, 100);
        if (copy === undefined) return;
        expect(JSON.stringify(copy)).toBe(JSON.stringify(json));
        expect(frozenThroughout(copy)).toBe(true);
        expect(typeof json === "object" && json !== null ? copy === json : false).toBe(false);
      }),
    );
  });

  test("has one zero", () => {
    expect(frozenJson([-0], 2)).toEqual([0]);
    expect(Object.is((frozenJson([-0], 2) as number[])[0], 0)).toBe(true);
  });
});
