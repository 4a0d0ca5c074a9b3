import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createWasmSandbox } from "#adapters/wasm/wasm-sandbox.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { valueOf } from "./kit/ledgers.ts";
import { DIST, EMPTY_NODE } from "./kit/shell.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

/** The embedded sandbox as it ships, from nothing to the result of a program, its process started and gone again. */
export const sandboxComparisons = async (): Promise<readonly Comparison[]> => {
  const provider = createWasmSandbox(
    { clock: systemClock, entropy: createSystemEntropy(), crypto: createNodeCrypto() },
    { entry: new URL("sandbox-child.js", DIST), readable: [DIST], wasm: new URL("quickjs.wasm", DIST) },
  );
  const { signal } = new AbortController();
  const options = { timeoutMs: 10_000, signal, hidden: new Set<string>(), mayKeep: async () => true };
  return [
    await compare({
      title: "`1 + 1` in a new session",
      unit: "session",
      baseline: EMPTY_NODE,
      ours: {
        name: "open, exec, close",
        run: async () => {
          const session = valueOf(await provider.open({ files: [], limits: WASM_LIMITS_DEFAULT }, signal));
          const result = valueOf(await session.exec({ kind: "javascript", code: "1 + 1" }, options));
          if (result.value !== "2") throw new Error(`one and one is ${String(result.value)}`);
          await session.close();
        },
      },
      rounds: 25,
      goal: { k: "within", ms: 150 },
    }),
  ];
};
