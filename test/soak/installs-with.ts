/**
 * `node test/soak/installs-with.ts 10`: does `npm ci` of that major version accept the committed lock, and do
 * scripts then run on the Node that the package brings?
 *
 * Each version has its own idea of a complete lock and of install scripts, and the newest ones fail in
 * silence. It works on a copy, so that the installation in use stays as it is.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const INSTALL_MS = 300_000;
const [major = ""] = process.argv.slice(2);
if (!/^\d+$/.test(major)) throw new Error("which npm? Give its major version, such as 11");

const folder = mkdtempSync(join(tmpdir(), `writ-npm-${major}-`));
try {
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) cpSync(file, join(folder, file));
  npm("ci");
  const node = join(folder, "node_modules/.bin/node");
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  if (!version.startsWith("v24.")) throw new Error(`after npm ${major} ci, scripts run on Node ${version}`);
  console.log(`npm ${major} installs the lock; scripts run on Node ${version}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(command: string): void {
  execFileSync("npm", ["exec", "--yes", `--package=npm@${major}`, "--", "npm", command], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: INSTALL_MS,
    env: outsideAnyScript(),
  });
}

/** The environment without what the outer npm run has put there, its place on PATH included. */
function outsideAnyScript(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return Object.fromEntries(kept);
}
