import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ID_TIME_MS_MAX, isId } from "#kernel/ids.ts";
import type { Entropy } from "#ports/entropy.ts";

/** The behaviour that every Entropy has. */
export const entropyContract = (name: string, create: () => Entropy): void => {
  describe(`${name} as an Entropy`, () => {
    test("bytes are as many as asked for and differ from call to call", () => {
      const entropy = create();
      expect([0, 1, 32, 1000].map((count) => entropy.bytes(count).length)).toEqual([0, 1, 32, 1000]);
      expect(entropy.bytes(32)).not.toEqual(entropy.bytes(32));
    });

    test("ids rise strictly whatever the clock does, and are well formed", () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 0, max: ID_TIME_MS_MAX - 10_000 }), { minLength: 2, maxLength: 50 }),
          (times) => {
            const entropy = create();
            const ids = times.map((wallMs) => entropy.id(wallMs));
            expect(ids.every((id) => isId(id))).toBe(true);
            expect([...ids].sort()).toEqual(ids);
            expect(new Set(ids).size).toBe(ids.length);
          },
        ),
      );
    });

    test("ten thousand ids of one millisecond stay in order and unique", () => {
      const entropy = create();
      const ids = Array.from({ length: 10_000 }, () => entropy.id(1_700_000_000_000));
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort()).toEqual(ids);
    });

    test("an id begins with its time", () => {
      expect(create().id(0x017f22e279b0).slice(0, 13)).toBe("017f22e2-79b0");
    });
  });
};
