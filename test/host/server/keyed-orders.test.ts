import { describe, expect, test } from "vitest";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";
import { KeyedOrders } from "#host/server/keyed-orders.ts";

const REUSED = callFault("conflict", fault("KEY_REUSED", "the key was used for another order"));
const REFUSED = callFault("refused", fault("ORDER_REFUSED", "no"));
const done = (answer: number): Promise<Result<number, CallFault>> => Promise.resolve(ok(answer));

describe("orders by the key of their client", () => {
  test("one that was never given has no answer", () => {
    expect(new KeyedOrders(REUSED).before("a", "said")).toBeUndefined();
  });

  test("one that is sent again gets the answer of the first, also while that is under way", async () => {
    const orders = new KeyedOrders<number>(REUSED);
    const { promise, resolve } = Promise.withResolvers<Result<number, CallFault>>();
    void orders.begun("a", "said", promise);
    const again = orders.before("a", "said");
    resolve(ok(1));
    expect(await again).toEqual(ok(1));
    expect(await orders.before("a", "said")).toEqual(ok(1));
  });

  test("another one under the same key is refused", async () => {
    const orders = new KeyedOrders<number>(REUSED);
    await orders.begun("a", "said", done(1));
    expect(await orders.before("a", "said otherwise")).toEqual(failed(REUSED));
  });

  test("one that was refused or broke down leaves no key behind", async () => {
    const orders = new KeyedOrders<number>(REUSED);
    await orders.begun("a", "said", Promise.resolve(failed(REFUSED)));
    await expect(orders.begun("b", "said", Promise.reject(new Error("broke down")))).rejects.toThrow("broke");
    expect(orders.before("a", "said")).toBeUndefined();
    expect(orders.before("b", "said")).toBeUndefined();
  });

  test("the 1,000 that were answered last are remembered, and every one that is under way", async () => {
    const orders = new KeyedOrders<number>(REUSED);
    const { promise, resolve } = Promise.withResolvers<Result<number, CallFault>>();
    void orders.begun("under way", "said", promise);
    for (let number = 0; number <= 1_000; number += 1) await orders.begun(`${number}`, "said", done(number));
    expect(orders.before("0", "said")).toBeUndefined();
    expect(await orders.before("1", "said")).toEqual(ok(1));
    resolve(ok(-1));
    expect(await orders.before("under way", "said")).toEqual(ok(-1));
  });
});
