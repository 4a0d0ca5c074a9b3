import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import {
  initSync,
  isAuthorized,
  preparsePolicySet,
  statefulIsAuthorized,
} from "@cedar-policy/cedar-wasm/web";

/** Evaluates one text with bare Cedar and then a harmless one, and says what became of each. */

const { wasm, text } = workerData as { readonly wasm: string; readonly text: string };
initSync({ module: readFileSync(new URL(wasm)) });

const call = {
  principal: { type: "User", id: "u" },
  action: { type: "Action", id: "a" },
  resource: { type: "File", id: "f" },
  context: { s: "x" },
  entities: [],
};

const outcome = (evaluate: () => { readonly type: string }): string => {
  try {
    return evaluate().type;
  } catch (error) {
    return error instanceof WebAssembly.RuntimeError ? "trap" : "throw";
  }
};

const given = outcome(() => {
  const parsed = preparsePolicySet("given", { staticPolicies: { p: text } });
  return parsed.type === "success"
    ? statefulIsAuthorized({ ...call, preparsedPolicySetId: "given" })
    : parsed;
});
const harmless = outcome(() =>
  isAuthorized({ ...call, policies: { staticPolicies: { p: "permit (principal, action, resource);" } } }),
);
parentPort?.postMessage({ given, harmless }, []);
