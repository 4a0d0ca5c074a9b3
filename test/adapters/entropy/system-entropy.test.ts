import { describe, expect, test } from "vitest";

import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { idFrom, isId } from "#kernel/ids.ts";
import { entropyContract } from "#test/contracts/entropy.ts";

entropyContract("the system's entropy", createSystemEntropy);

describe("ids", () => {
  test("the example of RFC 9562 appendix A.6", () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(idFrom(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
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
