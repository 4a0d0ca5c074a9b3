/**
 * What every command sets before anything else. Cedar runs as WebAssembly in several threads of this process, and V8
 * at times aborts while it frees code that one of them has replaced (nodejs/node#64500). What is kept instead is
 * bounded by the size of Cedar itself.
 */
export const V8_FLAGS = "--no-wasm-code-gc";
