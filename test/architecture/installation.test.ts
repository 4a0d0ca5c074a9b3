import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("scripts run on the Node that the package brings, not on the machine's own", () => {
  expect(process.version).toMatch(/^v24\./);
});

test("npm may run the installer that brings it", () => {
  // Newer versions of npm skip install scripts that are not listed, and say nothing: the machine's Node stays.
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    allowScripts: Record<string, boolean>;
  };
  expect(manifest.allowScripts).toMatchObject({ node: true, esbuild: true });
});

test("the lock names no host", () => {
  const lock = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
  const packages = (JSON.parse(lock) as { packages: Record<string, { resolved?: string }> }).packages;
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(Object.values(packages).filter((one) => one.resolved !== undefined)).toEqual([]);
});
