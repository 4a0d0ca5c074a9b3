/**
 * Brings what the tests need beside `npm ci`: the oldest Node that the bundles promise to run on, in
 * `test/oldest-node`, by its own lock; and on Debian as root the packages of Docker Engine and gVisor, which
 * the tests start themselves and stop again; an engine that only the installation has started is stopped.
 * `WRIT_PROVISION=0` prevents all of it; what is missing then fails the test that needs it, or is listed as
 * skipped.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isThere } from "#test/kit/engine-host.ts";
import { oldestNode, oldestNodeVersion } from "#test/kit/oldest-node.ts";
import { initScripts, systemd, withoutNewServices } from "./started-services.ts";

const INSTALL_MS = 300_000;
const SERVICE_MS = 60_000;
const home = join(import.meta.dirname, "../oldest-node");

/** Each package with a program that shows that it is there. */
const enginePackages = [
  ["docker.io", "dockerd"],
  ["runsc", "runsc"],
  // The image of containers is made of it.
  ["busybox-static", "busybox"],
  // Started by dockerd, although the tests' engine has no network.
  ["iptables", "iptables"],
] as const;

if (process.env["WRIT_PROVISION"] === "0") {
  console.log("nothing is installed, as WRIT_PROVISION=0 asks");
} else {
  if (oldestNodeVersion() === undefined) {
    console.log(`installing the oldest supported Node into ${home}`);
    execFileSync("npm", ["ci", "--prefix", home], { stdio: "inherit", timeout: INSTALL_MS });
  }
  installEngines();
}
console.log(`oldest supported Node: ${oldestNodeVersion() ?? `not at ${oldestNode}`}`);

/** Whoever is not root on Debian has the engine that is there, or none. */
function installEngines(): void {
  const missing = enginePackages.filter(([, program]) => !isThere(program)).map(([name]) => name);
  if (missing.length === 0) return;
  if (!existsSync("/etc/debian_version") || process.getuid?.() !== 0) {
    console.log(`not installed, for want of Debian or of root: ${missing.join(", ")}`);
    return;
  }
  console.log(`installing ${missing.join(", ")} with apt-get, for tests of containers`);
  console.log("the tests start a Docker Engine of their own with them, and stop it again");
  const aptGet = (...args: readonly string[]): void => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    execFileSync("apt-get", ["-qq", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: INSTALL_MS,
      env,
    });
  };
  aptGet("update");
  const { stopped, left } = withoutNewServices(
    existsSync("/run/systemd/system") ? systemd : initScripts,
    ([command, ...args]) => spawnSync(command, args, { stdio: "ignore", timeout: SERVICE_MS }).status === 0,
    () => aptGet("install", "-y", "--no-install-recommends", ...missing),
  );
  if (stopped.length > 0)
    console.log(`stopped again, since the installation started it: ${stopped.join(", ")}`);
  if (left.length > 0) console.log(`still running, although the installation started it: ${left.join(", ")}`);
}
