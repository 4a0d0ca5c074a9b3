import { readFileSync } from "node:fs";
import { checkPolicies, decideRequest, loadSets, startCedar } from "#adapters/cedar/cedar-module.ts";
import { throwIfAborted } from "#kernel/abort.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Decider, PolicySet } from "#ports/decider.ts";
import { cedarFiles } from "./cedar-files.ts";

let started = false;

/**
 * Real Cedar in the test's own thread, for properties that ask tens of thousands of questions. Keeps
 * the port's contract for whatever it can survive: a text that breaks Cedar breaks the test.
 */
export const inProcessCedar = (): Decider => {
  if (!started) startCedar(new WebAssembly.Module(readFileSync(cedarFiles.wasm)));
  started = true;
  const loaded = new Map<string, PolicySet>();
  let closed = false;
  const ask = async <T>(signal: AbortSignal, question: () => T) => {
    throwIfAborted(signal);
    if (closed) return failed(fault("DECIDER_LOST", "closed"));
    try {
      return ok(question());
    } catch (error) {
      return failed(fault("DECIDER_REFUSED", String(error)));
    }
  };
  return {
    check: (policies, schema, signal) => ask(signal, () => checkPolicies(policies, schema)),
    load: (sets, signal) =>
      ask(signal, () => {
        const missing = sets.filter(
          ({ name, policies }) => JSON.stringify(loaded.get(name)?.policies) !== JSON.stringify(policies),
        );
        const problems = loadSets(missing);
        if (problems.length === 0) for (const set of missing) loaded.set(set.name, set);
        return problems;
      }),
    unload: (names) => {
      for (const name of names) loaded.delete(name);
    },
    decide: (request, sets, signal) =>
      ask(signal, () => {
        if (!sets.every((name) => loaded.has(name))) throw new Error("not loaded");
        return decideRequest(request, sets);
      }),
    close: async () => {
      closed = true;
    },
  };
};
