import { expect, test } from "vitest";

import { releaseOf } from "#host/rpc/release-order.ts";
import { HOST_RPC_VERSION } from "#protocol/host-rpc.ts";

test.each([
  ["writ 1.2.3", 1, "writ 1.2.3", "fits"],
  ["writ 1.2.2", 1, "writ 1.2.3", "older"],
  ["writ 1.2.10", 1, "writ 1.10.0", "older"],
  ["writ 0.9.9", 0, "writ 1.0.0", "older"],
  // One that speaks the same protocol is as good as its own.
  ["writ 2.0.0", 1, "writ 1.2.3", "fits"],
  ["writ 2.0.0", 0, "writ 1.2.3", "newer"],
  // What says nothing of itself is told apart by its protocol alone.
  ["other 1.0.0", 1, "writ 1.2.3", "fits"],
  ["other 1.0.0", 0, "writ 1.2.3", "other"],
  ["writ 1.2.3", 0, "writ 1.2.3", "other"],
  ["writ 1.2.3-beta", 1, "writ 1.2.3", "fits"],
  ["writ 1.2", 0, "writ 1.2.3", "other"],
])("a host `%s` with protocol %i, seen by `%s`: %s", (host, common, client, expected) => {
  const version = common === 0 ? 0 : HOST_RPC_VERSION;
  expect(releaseOf({ version, product: host }, client)).toBe(expected);
});
