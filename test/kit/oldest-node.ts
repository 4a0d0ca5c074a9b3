import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Where the oldest Node stands that the bundles promise to run on, once it is provisioned. */
export const oldestNode = fileURLToPath(new URL("../oldest-node/node_modules/.bin/node", import.meta.url));

/** As it says itself, such as `v22.15.0`; undefined when it is not there or does not start. */
export function oldestNodeVersion(): string | undefined {
  try {
    return execFileSync(oldestNode, ["--version"], { encoding: "utf8", timeout: 20_000 }).trim();
  } catch {
    return undefined;
  }
}
