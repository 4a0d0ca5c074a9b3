import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { ID_TIME_MS_MAX, idFrom, isId } from "#kernel/ids.ts";

describe("ids", () => {
  test("the example of RFC 9562 appendix A.6", () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(idFrom(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  test("rise strictly whatever the clock does, and are well formed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: ID_TIME_MS_MAX - 10_000 }), { minLength: 2, maxLength: 50 }),
        (times) => {
          const entropy = createSystemEntropy();
          const ids = times.map((wallMs) => entropy.id(wallMs));
          expect(ids.every((id) => isId(id))).toBe(true);
          expect([...ids].sort()).toEqual(ids);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
    );
  });

  test("ten thousand in one millisecond stay in order and unique", () => {
    const entropy = createSystemEntropy();
    const ids = Array.from({ length: 10_000 }, () => entropy.id(1_700_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test.each([
    "",
    "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
    "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
    "017f22e279b07cc398c4dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
  ])("%j is no id", (text) => {
    expect(isId(text)).toBe(false);
  });
});

test("bytes differ from call to call", () => {
  const entropy = createSystemEntropy();
  expect(entropy.bytes(32)).toHaveLength(32);
  expect(entropy.bytes(32)).not.toEqual(entropy.bytes(32));
});
