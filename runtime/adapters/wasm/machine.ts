import { QuickJS } from "quickjs-wasi";
import type { JSValueHandle } from "quickjs-wasi";

/** What a fresh interpreter is given beside its program. */
export interface MachineOptions {
  readonly wasm: WebAssembly.Module;
  readonly memoryBytesMax: number;
  /** Where `Math.random` starts, 1 to 2^51. */
  readonly seed: number;
  /** Whole Unix milliseconds. */
  readonly wallMs: () => number;
  /** Asked every few thousand instructions; from the first true on, whatever runs is ended. */
  readonly expired: () => boolean;
}

/** A fresh interpreter and what it noticed. */
export interface Machine {
  readonly vm: QuickJS;
  hasExpired(): boolean;
  /** Why promises were rejected that nobody handled, by promise; not more than a few. */
  readonly rejections: ReadonlyMap<
    number,
    { readonly promise: JSValueHandle; readonly reason: JSValueHandle }
  >;
}

/**
 * Stack of the interpreter within its memory. Deep recursion must reach this limit, which a program
 * can catch, before it reaches the stack of the process, which ends the process.
 */
const STACK_BYTES_MAX = 256 * 1024;

const REJECTIONS_MAX = 8;

/** WASI's answer for what is not there (`errno` 52, NOSYS). */
const NOT_SUPPORTED = 52;

/** No file, no network, no environment: the imports below are all that the interpreter has. */
export const startMachine = async (options: MachineOptions): Promise<Machine> => {
  let expired = false;
  const clock = guestClock(options);
  const rejections = new Map<number, { promise: JSValueHandle; reason: JSValueHandle }>();
  const vm = await QuickJS.create({
    wasm: options.wasm,
    memoryLimit: options.memoryBytesMax,
    maxStackSize: STACK_BYTES_MAX,
    timezoneOffset: 0,
    interruptHandler: () => (expired ||= options.expired()),
    // The copies keep both alive, so that the number stays theirs.
    onUnhandledRejection: (promise, reason, isHandled) => {
      if (isHandled) rejections.delete(promise.identity);
      else if (rejections.size < REJECTIONS_MAX) {
        rejections.set(promise.identity, { promise: promise.dup(), reason: reason.dup() });
      }
    },
    wasi: (memory) => ({
      clock_time_get: (id: number, _precision: bigint, at: number) => {
        new DataView(memory.buffer).setBigUint64(at, clock.nanoseconds(id), true);
        return 0;
      },
      random_get: () => NOT_SUPPORTED,
      // The interpreter's own messages: the process's output belongs to the frames.
      fd_write: () => NOT_SUPPORTED,
    }),
  });
  clock.start();
  return { vm, rejections, hasExpired: () => expired };
};

const WASI_CLOCK_REALTIME = 0;

/**
 * Whole milliseconds, and no more, of real time and of time since the start. Before the start the
 * real-time clock shows the seed: the interpreter reads it once to seed `Math.random`.
 */
const guestClock = (options: MachineOptions) => {
  let startMs: number | null = null;
  return {
    start: (): void => {
      startMs = options.wallMs();
    },
    nanoseconds: (id: number): bigint => {
      if (startMs === null) return id === WASI_CLOCK_REALTIME ? BigInt(options.seed) * 1_000n : 0n;
      const nowMs = options.wallMs();
      return BigInt(id === WASI_CLOCK_REALTIME ? nowMs : nowMs - startMs) * 1_000_000n;
    },
  };
};
