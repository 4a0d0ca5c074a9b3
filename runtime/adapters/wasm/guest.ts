import { EvalFlags } from "quickjs-wasi";
import type { JSValueHandle } from "quickjs-wasi";

import { utf8 } from "#kernel/bytes.ts";
import { readJson } from "#kernel/json.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

import { ERROR_CHARACTERS_MAX, GUEST_LIBRARY } from "./guest-library.ts";
import { hostFunctions } from "./host-functions.ts";
import type { HostWorld } from "./host-functions.ts";
import { startMachine } from "./machine.ts";
import type { Machine, MachineOptions } from "./machine.ts";

export interface GuestJob extends MachineOptions, HostWorld {
  readonly program: string;
  /** Longest JSON text of the completion value. */
  readonly valueBytesMax: number;
}

export interface GuestEnd {
  readonly ended: "exited" | "deadline" | "memory";
  readonly exitCode: number;
  /** JSON text of the completion value, or null. */
  readonly value: string | null;
}

/**
 * Runs one program in an interpreter of its own. A top-level `await` works; the value is that of
 * the last expression, awaited where it is a promise. What the program throws or leaves rejected is
 * printed on stderr and makes exit code 1. Rejects when the interpreter itself breaks.
 */
export const runGuest = async (job: GuestJob): Promise<GuestEnd> => {
  const machine = await startMachine(job);
  try {
    return await run(machine, job);
  } catch (error) {
    if (machine.hasExpired()) return { ended: "deadline", exitCode: 1, value: null };
    const text = engineErrorText(error);
    if (text === null) throw error;
    return ended(text, job);
  }
};

const run = async (machine: Machine, job: GuestJob): Promise<GuestEnd> => {
  const { vm } = machine;
  const library = vm.callFunction(
    vm.evalCode(GUEST_LIBRARY, "library.js"),
    vm.undefined,
    ...hostFunctions(vm, job),
  );
  const describe = library.getProp("describe");
  const described = (thrown: JSValueHandle): string =>
    vm.callFunction(describe, vm.undefined, thrown).toString();

  const running = vm.evalCode(job.program, "program.js", EvalFlags.ASYNC);
  vm.executePendingJobs();
  let outcome = await outcomeOf(machine, running);
  // The engine wraps the completion value in a record.
  if (outcome.k === "value") outcome = { k: "value", value: outcome.value.getProp("value") };
  if (outcome.k === "value" && outcome.value.isPromise) outcome = await outcomeOf(machine, outcome.value);

  if (machine.hasExpired()) return { ended: "deadline", exitCode: 1, value: null };
  if (outcome.k === "pending") return ended("the program waits for a promise that nothing settles", job);
  if (outcome.k === "thrown") return ended(described(outcome.value), job);
  const [rejection] = machine.rejections.values();
  if (rejection !== undefined) return ended(`unhandled rejection: ${described(rejection.reason)}`, job);

  const value = givenBack(machine, library.getProp("encode"), outcome.value, job);
  return value.ok ? { ended: "exited", exitCode: 0, value: value.value } : ended(value.fault, job);
};

/** The JSON text of the completion value, null where it has none, or why it cannot be given back. */
const givenBack = (
  machine: Machine,
  encode: JSValueHandle,
  value: JSValueHandle,
  job: GuestJob,
): Result<string | null, string> => {
  let encoded: JSValueHandle;
  try {
    encoded = machine.vm.callFunction(encode, machine.vm.undefined, value);
  } catch (error) {
    const text = engineErrorText(error);
    if (text === null || machine.hasExpired() || outOfMemory(text)) throw error;
    return failed(`the completion value cannot be written as JSON: ${text}`);
  }
  if (!encoded.isString) return ok(null);
  const text = encoded.length <= job.valueBytesMax ? encoded.toString() : null;
  if (text === null || utf8(text).length > job.valueBytesMax) {
    return failed(`the completion value has more than ${job.valueBytesMax} bytes as JSON`);
  }
  const read = readJson(text);
  return read.ok ? ok(text) : failed(`the completion value cannot be given back: ${read.detail}`);
};

type Outcome = { readonly k: "value" | "thrown"; readonly value: JSValueHandle } | { readonly k: "pending" };

const PENDING = 0;

const outcomeOf = async ({ vm }: Machine, promise: JSValueHandle): Promise<Outcome> => {
  if (promise.promiseState === PENDING) return { k: "pending" };
  const settled = await vm.resolvePromise(promise);
  return "value" in settled ? { k: "value", value: settled.value } : { k: "thrown", value: settled.error };
};

/** The end of a program that failed, told on stderr. */
const ended = (why: string, job: GuestJob): GuestEnd => {
  if (outOfMemory(why)) return { ended: "memory", exitCode: 1, value: null };
  job.print("stderr", `${why.trimEnd()}\n`);
  return { ended: "exited", exitCode: 1, value: null };
};

const OUT_OF_MEMORY = "InternalError: out of memory";

/** A program can say so falsely, and then is told what it wanted to hear. */
const outOfMemory = (text: string): boolean => text.startsWith(OUT_OF_MEMORY);

/**
 * What the interpreter reports as an error of the program outside any promise: its syntax, or
 * memory that ran out while it was read or while a value was made. Null for an error of ours.
 */
const engineErrorText = (error: unknown): string | null => {
  if (!(error instanceof Error)) return null;
  if (error.message === "wasm_malloc failed") return OUT_OF_MEMORY;
  const [, jobError] = /^Job execution error: (.*)$/s.exec(error.message) ?? [];
  if (jobError !== undefined) return jobError.slice(0, ERROR_CHARACTERS_MAX);
  // Errors that the interpreter hands over carry the value that was thrown.
  if (!("handle" in error)) return null;
  return `${error.name}: ${error.message}\n${error.stack ?? ""}`.slice(0, ERROR_CHARACTERS_MAX);
};
