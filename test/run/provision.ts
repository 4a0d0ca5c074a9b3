/**
 * Brings what the tests need beside `npm ci`: for now the oldest Node that the bundles promise to run on,
 * in `test/oldest-node`, by its own lock. `WRIT_PROVISION=0` prevents it; what is missing then fails the
 * test that needs it.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { oldestNode, oldestNodeVersion } from "#test/kit/oldest-node.ts";

const INSTALL_MS = 300_000;
const home = join(import.meta.dirname, "../oldest-node");

if (process.env["WRIT_PROVISION"] === "0") {
  console.log("nothing is installed, as WRIT_PROVISION=0 asks");
} else if (oldestNodeVersion() === undefined) {
  console.log(`installing the oldest supported Node into ${home}`);
  execFileSync("npm", ["ci", "--prefix", home], { stdio: "inherit", timeout: INSTALL_MS });
}
console.log(`oldest supported Node: ${oldestNodeVersion() ?? `not at ${oldestNode}`}`);
