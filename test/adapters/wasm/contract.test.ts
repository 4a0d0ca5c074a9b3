import { afterAll } from "vitest";

import { sandboxContract } from "#test/contracts/sandbox.ts";

import { buildSandbox } from "./kit.ts";
import { javascriptPrograms } from "./programs.ts";

const built = buildSandbox();
afterAll(() => built.remove());

sandboxContract({
  name: "the embedded sandbox",
  provider: built.provider,
  programs: javascriptPrograms,
  leftBehind: () => built.processes(),
});
