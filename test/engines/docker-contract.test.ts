import { describe } from "vitest";

import { verifies } from "#test/kit/verifies.ts";

import { contractOn } from "./suite.ts";

describe("one of two tiers of containers", () => {
  verifies("sandbox.tiers.two", "sandbox.docker");
  contractOn("docker");
});
