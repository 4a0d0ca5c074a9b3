import { afterAll } from "vitest";

import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { programLossContract } from "#test/contracts/sandbox-loss.ts";
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

programLossContract({
  name: "the embedded sandbox",
  programs: javascriptPrograms,
  open: async () => {
    const request = { files: [], limits: WASM_LIMITS_DEFAULT };
    const opened = await built.provider.open(request, new AbortController().signal);
    if (!opened.ok) throw new Error(opened.fault.message);
    return {
      session: opened.value,
      end: async () => {
        for (const line of await built.processes()) process.kill(Number.parseInt(line, 10), "SIGKILL");
      },
      release: () => Promise.resolve(),
    };
  },
});
