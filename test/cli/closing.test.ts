import { expect, test } from "vitest";

import { closeAll } from "#cli/closing.ts";
import type { Closer } from "#cli/closing.ts";
import { failed, fault, ok } from "#kernel/result.ts";

const closers = (...ends: readonly ("closes" | "refuses" | "throws")[]) => {
  const closed: number[] = [];
  const all = ends.map((end, index): Closer => async () => {
    closed.push(index);
    if (end === "throws") throw new Error(`closer ${index}`);
    return end === "closes" ? ok(undefined) : failed(fault("TEST_REFUSED", `closer ${index}`));
  });
  return { all, closed };
};

test("the last opened is closed first", async () => {
  const { all, closed } = closers("closes", "closes", "closes");
  expect(await closeAll(all)).toEqual([]);
  expect(closed).toEqual([2, 1, 0]);
});

test("what refuses is told and keeps nothing else open", async () => {
  const { all, closed } = closers("refuses", "closes", "refuses");
  expect((await closeAll(all)).map(({ message }) => message)).toEqual(["closer 2", "closer 0"]);
  expect(closed).toEqual([2, 1, 0]);
});

test("what throws keeps nothing else open, and the first error is the one that is passed on", async () => {
  const { all, closed } = closers("closes", "throws", "throws", "refuses");
  await expect(closeAll(all)).rejects.toThrow("closer 2");
  expect(closed).toEqual([3, 2, 1, 0]);
});
