import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";
import { afterAll, expect, test } from "vitest";

import { oldestNode, oldestNodeVersion } from "#test/kit/oldest-node.ts";

import { buildSandbox } from "./kit.ts";

const built = buildSandbox();
const folder = mkdtempSync(join(tmpdir(), "writ-oldest-"));
afterAll(() => {
  built.remove();
  rmSync(folder, { recursive: true, force: true });
});

// The checks of the bundle fail where that Node was not provisioned.
test.skipIf(oldestNodeVersion() === undefined)(
  "every limit holds on the oldest Node that is promised",
  () => {
    const host = join(folder, "probe-host.mjs");
    buildSync({
      entryPoints: [fileURLToPath(new URL("probe-host.ts", import.meta.url))],
      outfile: host,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22.15",
    });
    const said = execFileSync(
      oldestNode,
      [host, fileURLToPath(built.files.entry), fileURLToPath(built.files.wasm)],
      {
        encoding: "utf8",
        timeout: 20_000,
      },
    );
    expect(JSON.parse(said)).toMatchObject({
      ok: true,
      value: { tier: "wasm", engine: expect.stringContaining("on Node 22.15.") },
    });
  },
);
