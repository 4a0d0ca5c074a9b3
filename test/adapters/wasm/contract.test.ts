import { afterAll } from "vitest";

import { sandboxContract } from "#test/contracts/sandbox.ts";

import { buildSandbox, javascriptPrograms } from "./kit.ts";

const built = buildSandbox();
afterAll(() => built.remove());

sandboxContract({
  name: "the embedded sandbox",
  provider: built.provider,
  programs: javascriptPrograms,
  leftBehind: () => built.processes(),
});
