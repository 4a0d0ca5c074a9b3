/** Where Cedar's worker and its WebAssembly module lie when nothing is bundled. */
export const cedarFiles = {
  entry: new URL("../../runtime/adapters/cedar/worker.ts", import.meta.url),
  wasm: new URL("cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/web")),
} as const;
